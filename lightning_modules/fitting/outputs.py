"""What a fit leaves: its weights, and what the network says of the samples that it may have seen."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from data.stores.atomic import atomic_path
from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.launch import ANSWER, OUTPUTS
from lightning_modules.fitting.trainer import on_gpu
from lightning_modules.inputs.activations import PLAIN
from lightning_modules.inputs.datamodule import PhaseData


def write_weights(path: Path, network: nn.Module) -> None:
    """Writes a network's parameters and buffers as safetensors."""
    with atomic_path(path) as temporary:
        save_file({name: value.contiguous().cpu() for name, value in network.state_dict().items()}, temporary)


def write_outputs(context: FitContext, boundary: int | None, held_out: dict[str, Tensor] | None = None) -> None:
    """Writes answers and embeddings of training and validation samples, for temperature and drift reference.

    `boundary` is where the learning part of the network begins; what lies before it is in the cache. `held_out` are
    answers of heads that had not learned from the samples, where the network's own have learned from all of them.
    """
    prefix = None if boundary == 0 else context.prefix(None if boundary == context.stages else boundary)
    data = PhaseData(context.dataset, prefix, PLAIN, 256, 0)
    with nullcontext() if prefix is None else prefix.in_use(PLAIN):
        data.prepare_data()
        data.setup("predict")
        answers, embeddings = _predict(context, data, context.stages if boundary is None else boundary)
    with atomic_path(context.config.folder / OUTPUTS) as temporary, temporary.open("wb") as file:
        arrays: dict[str, Any] = {ANSWER + name: found.numpy() for name, found in (held_out or answers).items()}
        hashes = data.whole.rows["hash"].to_numpy(str)
        np.savez(file, hashes=hashes, embeddings=embeddings.numpy(), held_out=held_out is not None, **arrays)


@torch.inference_mode()
def _predict(context: FitContext, data: PhaseData, boundary: int) -> tuple[dict[str, Tensor], Tensor]:
    device = torch.device("cuda" if on_gpu(context.config.trainer) else "cpu")
    network, answers, embeddings = context.network.to(device).eval(), [], []
    for batch in data.predict_dataloader():
        embedding = network.run(batch["inputs"].to(device), boundary)
        answers.append({name: answer.cpu() for name, answer in network.answers(embedding).items()})
        embeddings.append(embedding.cpu())
    network.cpu()
    return {name: torch.cat([part[name] for part in answers]) for name in context.objectives}, torch.cat(embeddings)

"""What a fit leaves: its weights, and what the network says of the samples that it may have seen."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from data.stores.atomic import atomic_path
from lightning_modules.fitting.context import Materials
from lightning_modules.fitting.trainer import on_gpu
from lightning_modules.inputs.activations import PLAIN
from lightning_modules.inputs.datamodule import PhaseData


def write_weights(path: Path, network: nn.Module) -> None:
    """Writes a network's parameters and buffers as safetensors."""
    with atomic_path(path) as temporary:
        save_file({name: value.contiguous().cpu() for name, value in network.state_dict().items()}, temporary)


def write_outputs(materials: Materials, boundary: int | None) -> None:
    """Writes outputs.npz: probabilities and embeddings of training and validation samples, for the drift reference.

    `boundary` is where the learning part of the network begins; what lies before it is in the cache.
    """
    prefix = None if boundary == 0 else materials.prefix(None if boundary == materials.stages else boundary)
    data = PhaseData(materials.dataset, prefix, PLAIN, 256, 0)
    with nullcontext() if prefix is None else prefix.in_use(PLAIN):
        data.prepare_data()
        data.setup("predict")
        probabilities, embeddings = _predict(materials, data, materials.stages if boundary is None else boundary)
    with atomic_path(materials.config.folder / "outputs.npz") as temporary, temporary.open("wb") as file:
        hashes = data.whole.rows["hash"].to_numpy(str)
        np.savez(file, hashes=hashes, probabilities=probabilities.numpy(), embeddings=embeddings.numpy())


@torch.inference_mode()
def _predict(materials: Materials, data: PhaseData, boundary: int) -> tuple[Tensor, Tensor]:
    device = torch.device("cuda" if on_gpu(materials.config.trainer) else "cpu")
    network, found = materials.network.to(device).eval(), []
    for batch in data.predict_dataloader():
        embedding = network.run(batch["inputs"].to(device), boundary)
        found.append((torch.softmax(network.head(embedding), 1).cpu(), embedding.cpu()))
    network.cpu()
    probabilities, embeddings = zip(*found, strict=True)
    return torch.cat(probabilities), torch.cat(embeddings)

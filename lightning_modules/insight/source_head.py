"""The pretrained classifier that a weight file brings beside the backbone."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lightning_modules.hub.backbones import Pretrained

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class SourceHead:
    """A linear classifier of the source task's Z classes over embeddings of length D."""

    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def probabilities(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Source-class probabilities [N, Z] of embeddings [N, D]."""
        from scipy.special import softmax

        logits = np.asarray(features, np.float64) @ self.weight.T + self.bias
        probabilities: npt.NDArray[np.float64] = softmax(logits, axis=1)
        return probabilities


def load_source_head(pretrained: Pretrained) -> SourceHead | None:
    """The classifier of a backbone's checked weight file; None where the file holds no such layer, or several.

    Raises:
        BackboneError: the file holds no weights.
    """
    import torch

    from lightning_modules.hub.weights import read_weights
    from lightning_modules.network.adapter import adapter_for

    adapter = adapter_for(pretrained.card)
    with torch.device("meta"):  # names and shapes only
        backbone = adapter.create(pretrained.card)
    left = _left_over(backbone, read_weights(Path(pretrained.path)))
    pairs = [(left[name], left.get(f"{name.removesuffix('weight')}bias")) for name in left if name.endswith("weight")]
    heads = [
        SourceHead(weight.float().numpy(), bias.float().numpy())
        for weight, bias in pairs
        if weight.ndim == 2 and weight.shape[1] == adapter.features(backbone)
        if bias is not None and bias.shape == weight.shape[:1]
    ]
    return heads[0] if len(heads) == 1 else None


def _left_over(backbone: "nn.Module", given: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """The tensors that the backbone does not take, by name or, under foreign names, by order as it is loaded."""
    wanted = backbone.state_dict().keys()
    learned = {name for name in wanted if "num_batches_tracked" not in name}
    if learned <= given.keys():
        return {name: tensor for name, tensor in given.items() if name not in wanted}
    foreign = {name: tensor for name, tensor in given.items() if "num_batches_tracked" not in name}
    return dict(list(foreign.items())[len(learned) :])

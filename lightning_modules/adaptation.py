"""How far a fit moved the backbone away from what it was pretrained for."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from data.transforms import TransformSpec
from lightning_modules.forgetting import Forgetting, forgetting, probe_images
from lightning_modules.hub import Backbone
from lightning_modules.network import Network, pretrained_network
from lightning_modules.source_head import load_source_head


def measure_adaptation(root: Path, card: Backbone, transform: TransformSpec, weights: Path) -> Forgetting:
    """Compares the pretrained backbone with the one in a fit's weights.safetensors, on the fixed probe images.

    They are shown at the size that the domain trains at; the source task's own head judges both.
    """
    images = torch.from_numpy(probe_images(transform.image.size))
    network = pretrained_network(root, card, transform, classes=2)
    before = _embed(network, images)
    given = load_file(weights)
    own = {name.removeprefix("backbone."): value for name, value in given.items() if name.startswith("backbone.")}
    network.backbone.load_state_dict(own)
    return forgetting(before, _embed(network, images), load_source_head(root, card))


@torch.inference_mode()
def _embed(network: Network, images: torch.Tensor) -> npt.NDArray[np.float32]:
    embedded: npt.NDArray[np.float32] = network.eval().embed(images).numpy()
    return embedded

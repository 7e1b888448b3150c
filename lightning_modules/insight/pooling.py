"""A backbone that says at every stage boundary what it sees, averaged over the image."""

import torch
from torch import Tensor, nn

from lightning_modules.network.network import Network


class StagePools(nn.Module):
    """uint8 images [N, H, W, C] to one vector [N, D] a boundary after the image; the last one is the embedding."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.names = (*network.adapter.stages(network.backbone)[:-1], "embedding")

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Vectors in the order of the boundaries, from one pass."""
        activation, pooled = images, []
        for boundary in range(len(self.names)):
            activation = self.network.run(activation, boundary, boundary + 1)
            pooled.append(_average(activation))
        return tuple(pooled)


def _average(activation: Tensor) -> Tensor:
    """The mean over the positions of a feature map [N, D, H, W] or over tokens [N, T, D]; a vector as it is."""
    places = {4: (2, 3), 3: (1,)}.get(activation.ndim)
    return activation if places is None else torch.mean(activation, places)

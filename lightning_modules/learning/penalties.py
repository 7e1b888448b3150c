"""Penalties: what is added to the loss to keep what learns in bounds."""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn


class Penalty(Protocol):
    """Something that the learning parameters of a backbone pay for."""

    def to(self, device: torch.device) -> None:
        """Moves what it compares with to the device, once before training."""

    def __call__(self, backbone: nn.Module) -> Tensor:
        """The price, a scalar."""


class L2SP:
    """L2-SP: half the squared distance of what learns from where it began, times a weight (arXiv 1802.01483)."""

    def __init__(self, weight: float, start: Mapping[str, Tensor]) -> None:
        """`start` holds values by name of parameters of the backbone; of these only those that learn pay."""
        self.weight, self.start = weight, dict(start)

    def to(self, device: torch.device) -> None:
        """Moves the values to the device."""
        self.start = {name: value.to(device) for name, value in self.start.items()}

    def __call__(self, backbone: nn.Module) -> Tensor:
        """The pull towards them."""
        values = dict(backbone.named_parameters())
        pairs = ((values[name], start) for name, start in self.start.items() if values[name].requires_grad)
        return 0.5 * self.weight * torch.stack([(value - start).square().sum() for value, start in pairs]).sum()

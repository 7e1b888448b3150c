"""Penalties are what their papers say, of what learns alone."""

import pytest
import torch
from torch import nn

from lightning_modules.learning.penalties import L2SP


def test_l2sp__by_hand():
    """Half the weighted squared distance of the parameters that learn; what is frozen pays nothing."""
    layer = nn.Linear(2, 1)
    start = {name: value.detach() + 0.5 for name, value in layer.named_parameters()}
    layer.bias.requires_grad_(requires_grad=False)
    penalty = L2SP(0.3, start)
    penalty.to(torch.device("cpu"))
    assert float(penalty(layer)) == pytest.approx(0.5 * 0.3 * 2 * 0.25)
    penalty(layer).backward()
    assert torch.allclose(layer.weight.grad, torch.full((1, 2), -0.5 * 0.3))

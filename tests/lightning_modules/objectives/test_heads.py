"""The heads: what they make of an embedding."""

import pytest
import torch
from torch import nn

from lightning_modules.objectives.heads import CosineHead, Head


def test_head__standardises():
    """Features leave with mean 0 and deviation 1; a constant one does no harm; a fresh head prefers no class."""
    features = torch.tensor([[1.0, 7.0], [3.0, 7.0]])
    head = Head(2, 2)
    head.standardise(features)
    assert torch.equal(head(features), torch.zeros(2, 2))
    nn.init.eye_(head.linear.weight)
    assert torch.allclose(head(features), torch.tensor([[-(0.5**0.5), 0.0], [0.5**0.5, 0.0]]))


def test_head__feature_that_hardly_varied():
    """Such a feature is divided by a tenth of the mean deviation, not by next to nothing."""
    head = Head(2, 2)
    head.standardise(torch.tensor([[0.0, 5.0], [2.0, 5.001]]))
    assert head.scale[1] == pytest.approx(0.1 * (2**0.5 + 0.001 / 2**0.5) / 2)


def test_head__dropout_in_training_alone():
    """Dropout drops its share of the features while training, and none at inference."""
    head = Head(1000, 2, dropout=0.3)
    nn.init.ones_(head.linear.weight)
    torch.manual_seed(0)
    kept = float(head(torch.ones(1, 1000))[0, 0].detach()) * 0.7 / 1000
    assert 0.6 < kept < 0.8
    assert head.eval()(torch.ones(1, 1000))[0, 0] == 1000


def test_cosine_head__scaled_cosines():
    """The length of a feature does not matter, its angle to the prototype does."""
    head = CosineHead(2, 2)
    head.prototypes.copy_(torch.eye(2))
    head.scale.fill_(10.0)
    found = head(torch.tensor([[3.0, 4.0], [0.3, 0.4]]))
    assert torch.allclose(found, torch.tensor([[6.0, 8.0], [6.0, 8.0]]))
    assert not list(head.parameters())

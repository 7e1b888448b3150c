"""What the tests of objectives share: five samples of three classes, and the loss of a head on them."""

import pytest
import torch

from data.targets.classification import ClassificationTask
from lightning_modules.objectives.classification import ClassificationObjective
from lightning_modules.objectives.objective import Labelled

LABELS = torch.tensor([0, 0, 1, 2, 2])
WEIGHTS = torch.tensor([1.0, 3.0, 1.0, 0.5, 0.5])


@pytest.fixture
def objective():
    """A classification of three classes."""
    return ClassificationObjective(ClassificationTask(classes=("a", "b", "c")))


@pytest.fixture
def loss(objective):
    """The weighted mean of the plain losses of a head."""

    def loss(head, held):
        """Of a head on samples."""
        losses = objective.losses(head(held.features), held.targets)
        return float((losses * held.weights).sum() / held.weights.sum())

    return loss


@pytest.fixture
def train():
    """Features, labels and weights of five samples."""
    return Labelled(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)), LABELS, WEIGHTS)

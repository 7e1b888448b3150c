"""Heads set from features: class means, standardisation, and classes that have no sample."""

import pytest
import torch
from torch.nn import functional

from data.targets.classification import ClassificationTask
from lightning_modules.errors import RecipeError
from lightning_modules.objectives.classification import ClassificationObjective
from lightning_modules.objectives.heads import Head


def test_prepare_head__linear(train, objective):
    """A linear head gets the statistics of the training features and starts undecided."""
    head = Head(4, 3)
    objective.prepare_head(head, train, train)
    assert torch.equal(head.mean, train[0].mean(0))
    assert torch.equal(head.scale, train[0].std(0).clamp_min(0.1 * float(train[0].std(0).mean())))
    assert torch.equal(head(train[0]), torch.zeros(5, 3))


def test_losses__weighted(train, loss):
    """The loss is that of torch, weighted by sample."""
    head = Head(4, 3)
    torch.nn.init.normal_(head.linear.weight)
    each = functional.cross_entropy(head(train[0]), train.targets, reduction="none")
    assert loss(head, train) == pytest.approx(float((each * train.weights).sum() / train.weights.sum()))


def test_check__one_class_is_missing(train, objective):
    """The class without a sample is named with what to do."""
    objective.check(train.targets)
    with pytest.raises(
        RecipeError, match="no training sample has the label 'd'; add some, or take it out of the domain"
    ):
        ClassificationObjective(ClassificationTask(classes=("a", "b", "c", "d"))).check(train.targets)

"""The loss is torch's where torch has it, and the formula where it has not."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.objectives.loss import Loss, balanced_weights

LABELS = torch.tensor([0, 2, 1, 2])
TARGETS = functional.one_hot(LABELS, 3).float()
LOGITS = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
WEIGHTS = torch.tensor([1.0, 3.0, 0.5, 2.0])
CLASSES = torch.tensor([0.5, 1.0, 2.5])
EVEN = torch.ones(3)


def loss(classes=EVEN, smoothing=0.0, focal=0.0, targets=TARGETS, weights=WEIGHTS):
    """The loss of the four samples."""
    return Loss(classes, smoothing, focal)(LOGITS, targets, weights, weights.sum())


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss__weighted_cross_entropy(smoothing):
    """A sample counts for its weight, smoothed or not."""
    each = functional.cross_entropy(LOGITS, LABELS, reduction="none", label_smoothing=smoothing)
    assert torch.isclose(loss(smoothing=smoothing), (each * WEIGHTS).sum() / WEIGHTS.sum())


def test_loss__class_weights():
    """A sample counts for the weight of its class, as in torch, over the number of samples."""
    wanted = functional.cross_entropy(LOGITS, LABELS, CLASSES, reduction="sum") / 4
    assert torch.isclose(loss(CLASSES, weights=torch.ones(4)), wanted)


def test_loss__class_weights_and_smoothing():
    """With both the weight is that of the sample's own class; torch would weigh the smoothed part by each class."""
    each = functional.cross_entropy(LOGITS, LABELS, reduction="none", label_smoothing=0.2)
    wanted = (each * WEIGHTS * CLASSES[LABELS]).sum() / WEIGHTS.sum()
    assert torch.isclose(loss(CLASSES, 0.2), wanted)


def test_loss__soft_targets():
    """Shares of classes are taken as torch takes them."""
    shares = torch.tensor([[0.2, 0.5, 0.3]] * 4)
    assert torch.isclose(loss(targets=shares, weights=torch.ones(4)), functional.cross_entropy(LOGITS, shares))


def test_loss__focal_by_hand():
    """-(1 - p)^2 log p of the true class's probability p."""
    right = functional.softmax(LOGITS, 1)[torch.arange(4), LABELS]
    wanted = (WEIGHTS * (1 - right) ** 2 * -right.log()).sum() / WEIGHTS.sum()
    assert torch.isclose(loss(focal=2.0), wanted)
    one = Loss(torch.ones(2), 0.0, 2.0)(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), torch.ones(1), torch.tensor(1.0))
    assert float(one) == pytest.approx(0.25 * 0.6931472)


def test_loss__parts_of_a_batch_add_up():
    """Two processes that share a batch sum to the loss of the whole of it."""
    criterion = Loss(CLASSES, 0.1, 0.0)
    parts = [criterion(LOGITS[rank::2], TARGETS[rank::2], WEIGHTS[rank::2], WEIGHTS.sum()) for rank in (0, 1)]
    assert torch.isclose(sum(parts), loss(CLASSES, 0.1))


def test_loss__half_precision_logits():
    """Logits of half precision are judged in full precision."""
    half, criterion = LOGITS.bfloat16(), Loss(EVEN, 0.0, 0.0)
    found, wanted = (criterion(logits, TARGETS, WEIGHTS, WEIGHTS.sum()) for logits in (half, half.float()))
    assert torch.equal(found, wanted)


def test_balanced_weights__same_share_for_every_class():
    """Each class has a third of the mass, and the mean over the samples is one."""
    labels = torch.tensor([0] * 90 + [1] * 9 + [2])
    weights = torch.rand(100, generator=torch.Generator().manual_seed(0)) + 0.1
    found = balanced_weights(labels, weights, 3)
    masses = torch.stack([(found[labels] * weights)[labels == number].sum() for number in range(3)])
    assert torch.allclose(masses, weights.sum() / 3)

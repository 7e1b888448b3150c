"""Mixing blends samples and labels by the same share."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.errors import RecipeError
from lightning_modules.objectives.mixing import Mixing

COUNT = 8


def batch(*shape):
    """Samples that are their own number everywhere, so that a blend shows its share; classes and weights."""
    inputs = torch.arange(COUNT).float().view(COUNT, *(1 for _ in shape)).expand(COUNT, *shape).clone()
    return inputs, functional.one_hot(torch.arange(COUNT), COUNT).float(), torch.linspace(0.5, 2.0, COUNT)


@pytest.mark.parametrize("mixing", [Mixing(mixup=0.4), Mixing(cutmix=1.0), Mixing(mixup=0.4, cutmix=1.0)])
def test_mixing__keeps_the_mass(mixing):
    """A sample's shares sum to one, every class keeps its mass in the batch, and so do the weights."""
    for seed in range(20):
        torch.manual_seed(seed)
        _, targets, weights = mixing(*batch(3, 8, 8))
        assert torch.allclose(targets.sum(1), torch.ones(COUNT))
        assert torch.allclose(targets.sum(0), torch.ones(COUNT))
        assert torch.isclose(weights.sum(), batch(1)[2].sum())
        assert (targets >= 0).all()


@pytest.mark.parametrize("shape", [(3, 8, 8), (5,), (4, 7)])
def test_mixing__mixup_of_labels_as_of_inputs(shape):
    """The blended number is that of the blended labels and weights, on images, features and tokens."""
    torch.manual_seed(2)
    inputs, targets, weights = Mixing(mixup=0.4)(*batch(*shape))
    numbers = targets @ torch.arange(COUNT).float()
    assert torch.allclose(inputs, numbers.view(COUNT, *(1 for _ in shape)).expand_as(inputs), atol=1e-5)
    assert torch.allclose(weights, 0.5 + 1.5 * numbers / (COUNT - 1), atol=1e-5)
    assert not torch.equal(inputs, batch(*shape)[0])


def test_mixing__cutmix_share_is_the_area():
    """A sample's label share is what is really left of it, pixel by pixel, whatever was drawn."""
    shares = set()
    for seed in range(30):
        torch.manual_seed(seed)
        inputs, targets, _ = Mixing(cutmix=1.0)(*batch(3, 7, 9))
        counts = torch.stack([(inputs[:, 0] == number).sum((1, 2)) for number in range(COUNT)], 1)
        assert torch.allclose(targets, counts / 63, atol=1e-6)
        assert torch.equal(inputs[:, 0], inputs[:, 2])
        shares.add(round(float(targets.max(1).values.min()), 3))
    assert len(shares) > 5


def test_mixing__of_both_one_a_step():
    """With both on, some steps cut and others blend."""
    cut = []
    for seed in range(40):
        torch.manual_seed(seed)
        inputs, _, _ = Mixing(mixup=0.4, cutmix=1.0)(*batch(1, 8, 8))
        cut.append(bool((inputs == inputs.round()).all()))
    assert 5 < sum(cut) < 35


def test_mixing__off():
    """Without mixup and cutmix a batch stays what it is, and the generator where it is."""
    given, before = batch(3, 8, 8), torch.get_rng_state()
    found = Mixing()(*given)
    assert all(one is other for one, other in zip(found, given, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("mixing", [Mixing(mixup=0.4), Mixing(cutmix=1.0)])
def test_mixing__function_of_the_seed(mixing):
    """The same seed mixes the same, and the inputs given are left as they are."""
    given, found = batch(3, 8, 8), []
    for _ in range(2):
        torch.manual_seed(5)
        found.append(mixing(*given))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    assert all(torch.equal(one, other) for one, other in zip(given, batch(3, 8, 8), strict=True))
    assert not torch.equal(found[0][0], given[0])


def test_mixing__cutmix_needs_height_and_width():
    """Tokens have none: one line that names their shape and mixup."""
    with pytest.raises(RecipeError, match=r"cutmix needs height and width, the samples are \(17, 8\).*use mixup"):
        Mixing(cutmix=1.0)(torch.rand(4, 17, 8), torch.eye(4), torch.ones(4))

"""Corruptions disturb as much as their severity says, in any image, and the same way each time."""

import numpy as np
import pytest

from evaluation.errors import EvaluationError
from evaluation.stress.config import CORRUPTIONS
from evaluation.stress.corruptions import LADDER, corrupt


def make(side: int = 32, channels: int = 1, count: int = 6):
    """Images of a bright slanted bar before a darker slope."""
    across = np.linspace(40, 120, side)
    image = np.tile(across, (side, 1))
    for row in range(side):
        image[row, (row // 2) % side : (row // 2) % side + side // 4] = 190
    return np.repeat(np.tile(image[None, ..., None], (count, 1, 1, 1)), channels, axis=3).astype(np.uint8)


def distance(images, changed):
    """Mean change of a pixel."""
    return np.abs(images.astype(float) - changed).mean()


def test_ladder__complete():
    """Every corruption that a domain may name has its five steps."""
    assert tuple(LADDER) == CORRUPTIONS
    assert {len(steps) for steps in LADDER.values()} == {5}


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_corrupt__severity_0(corruption):
    """Severity 0 is the image itself, in memory of its own."""
    images = make()
    clean = corrupt(images, corruption, 0, seed=0)
    assert np.array_equal(clean, images)
    assert not np.shares_memory(clean, images)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize(("side", "channels"), [(8, 1), (33, 3)])
def test_corrupt__any_image(corruption, side, channels):
    """Small or odd, grey or colour: the result is uint8 of the same shape, and the input stays as it was."""
    images = make(side, channels)
    before = images.copy()
    changed = corrupt(images, corruption, 5, seed=0)
    assert (changed.dtype, changed.shape) == (np.uint8, images.shape)
    assert np.array_equal(images, before)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_corrupt__ladder_climbs(corruption):
    """Each step changes the image more than the one below."""
    images = make(64)
    found = [distance(images, corrupt(images, corruption, severity, seed=3)) for severity in range(6)]
    assert found == sorted(found)
    assert len(set(found)) == 6


@pytest.mark.parametrize("corruption", ["noise", "brightness", "occlusion", "rotation"])
def test_corrupt__seed(corruption):
    """The same seed gives the same pixels, another seed others."""
    first, again, other = (corrupt(make(count=12), corruption, 3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("corruption", ["blur", "occlusion"])
def test_corrupt__scales_with_the_side(corruption):
    """A length is a share of the side: four times the side is disturbed about as much."""
    small, large = (distance(make(side), corrupt(make(side), corruption, 5, seed=0)) for side in (32, 128))
    assert small == pytest.approx(large, rel=0.35)


def test_corrupt__leaves_the_generator_alone():
    """Random numbers of others are not moved."""
    import torch

    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    corrupt(make(), "noise", 3, seed=5)
    assert torch.equal(torch.rand(1), expected)


def test_corrupt__refuses():
    """A severity off the ladder and images of another kind are named."""
    with pytest.raises(EvaluationError, match="severity 6 is outside 0..5"):
        corrupt(make(), "noise", 6, seed=0)
    with pytest.raises(EvaluationError, match="pass uint8"):
        corrupt(make().astype(np.float32), "noise", 1, seed=0)

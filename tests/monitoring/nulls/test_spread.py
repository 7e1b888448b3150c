"""The spread of a mean is told by blocks, and never below that of as many independent rows."""

import numpy as np
import pytest

from monitoring.nulls.blocks import Blocks
from monitoring.nulls.spread import mean_spread, relative_spread
from monitoring.nulls.windows import draw_null_windows


def sums(values: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `mean_spread` takes, of values [R, N] whose rows lie block by block."""
    blocks = np.add.reduceat(values, np.concatenate([[0], sizes.cumsum()[:-1]]), axis=1)
    return (blocks**2).sum(axis=1), values.sum(axis=1) ** 2


@pytest.mark.parametrize("sizes", [[5, 5, 5, 5], [2, 3, 10, 5]])
def test_mean_spread__is_the_variance_of_the_mean(sizes: list[int]) -> None:
    """Over many windows of blocks that are alike within, the mean of the estimates is the variance of their means."""
    rng, counts = np.random.default_rng(0), np.array(sizes)
    values = 3 + np.repeat(rng.normal(size=(20_000, 4)), counts, axis=1) + rng.normal(size=(20_000, 20))
    found = mean_spread(*sums(values, counts), counts, -np.inf)
    assert found.mean() == pytest.approx(values.mean(axis=1).var(), rel=0.03)


def test_mean_spread__least() -> None:
    """Blocks that happen to agree do not say more than independent rows."""
    assert mean_spread(np.array([8.0]), np.array([16.0]), np.array([2, 2]), 0.25)[0] == 0.25


def test_relative_spread__window_against_null_windows() -> None:
    """A window whose blocks vary nine times as much as those of the null windows."""
    null = draw_null_windows(
        [str(row) for row in range(100)], Blocks(np.repeat(np.arange(2), 2), "session"), resamples=1, seed=0
    )
    ours, theirs = (np.array([2 * gap**2]) for gap in (3.0, 1.0))
    assert relative_spread(null, (ours, np.zeros(1)), (theirs, np.zeros(1)), 0)[0] == pytest.approx(9)

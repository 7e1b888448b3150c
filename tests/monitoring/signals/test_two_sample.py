"""The statistics agree with plain computations of their definitions."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from monitoring.nulls.blocks import Blocks
from monitoring.signals import two_sample
from monitoring.signals.two_sample import (
    feature_sums,
    gaussian_kernel,
    kernel_sums,
    kolmogorov_smirnov,
    squared_mmd,
    tail,
)


def members(rows: int, resamples: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """A third of the rows, other ones each time."""
    keys = np.random.default_rng(1).random((resamples, rows))
    return keys.argsort(axis=1) < rows // 3


@pytest.mark.parametrize("decimals", [8, 1])
def test_kolmogorov_smirnov__equals_scipy(decimals: int) -> None:
    """With and without ties, the distance is SciPy's."""
    values, marks = np.random.default_rng(0).normal(size=60).round(decimals), members(60, 20)
    expected = [ks_2samp(values[mark], values[~mark]).statistic for mark in marks]
    np.testing.assert_allclose(kolmogorov_smirnov(values, marks, ~marks), expected)


def test_squared_mmd__equals_its_definition() -> None:
    """Means of the kernel over pairs of rows, within and across."""
    kernel, marks = gaussian_kernel(np.random.default_rng(0).normal(size=(30, 4))), members(30, 5)
    for mark, found in zip(marks, squared_mmd(kernel, marks, ~marks), strict=True):
        means = [kernel[np.ix_(side, side)].mean() for side in (mark, ~mark)]
        assert found == pytest.approx(sum(means) - 2 * kernel[np.ix_(mark, ~mark)].mean())


def test_gaussian_kernel__bandwidth_is_the_median_distance() -> None:
    """Of three points on a line the middle distance, 2, gets exp(-1/2)."""
    kernel = gaussian_kernel(np.array([[0.0], [1.0], [3.0]]))
    assert kernel[1, 2] == pytest.approx(np.exp(-0.5))


def test_gaussian_kernel__equal_rows() -> None:
    """Rows that are all equal are all alike, without a division by zero."""
    np.testing.assert_array_equal(gaussian_kernel(np.ones((4, 3))), np.ones((4, 4)))


def test_tail__marks_the_window() -> None:
    """Of three rows and two of a window the last two are the window."""
    last, others = tail(3, 2)
    assert last.tolist() == [[False, False, False, True, True]]
    assert others.tolist() == [[True, True, True, False, False]]


@pytest.mark.parametrize("chunk", [2_000_000, 8])
def test_kernel_sums__are_those_of_its_features(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within blocks and over all pairs, a kernel of inner products sums as the features do, in parts or at once."""
    monkeypatch.setattr(two_sample, "CHUNK", chunk)
    features = np.random.default_rng(0).normal(size=(20, 3))
    rows = np.random.default_rng(1).permuted(np.tile(np.arange(20), (6, 1)), axis=1)[:, :7]
    blocks = Blocks(np.array([0, 0, 0, 1, 1, 2, 3]))
    found, expected = kernel_sums(features @ features.T, rows, blocks), feature_sums(features, rows, blocks)
    np.testing.assert_allclose(found, expected)
    own, total = expected
    part = features[rows[0]]
    assert own[0] == pytest.approx(sum((part[blocks.labels == k].sum(axis=0) ** 2).sum() for k in range(4)))
    assert total[0] == pytest.approx((part.sum(axis=0) ** 2).sum())

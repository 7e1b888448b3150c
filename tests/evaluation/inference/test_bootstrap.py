"""Bootstrap intervals are honest about groups, small numbers and undefined resamples."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import (
    Resampling,
    bootstrap_interval,
    cautious_interval,
    percentile_interval,
    resampled_weights,
    standard_error,
)
from evaluation.inference.interval import Interval
from evaluation.predictions.predictions import Predictions


def correlated(groups: int, *, size: int, seed: int = 0, grouped: bool = True) -> Predictions:
    """Binary predictions that are right or wrong for whole groups; `grouped` False hides the groups."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(2, size=groups * size)
    right = np.repeat(generator.random(groups) < 0.7, size)
    sure = np.where(right, truth, 1 - truth) * 0.8 + 0.1
    names = [f"g{row // size if grouped else row}" for row in range(groups * size)]
    probabilities = np.stack([1 - sure, sure], axis=1)
    hashes = [f"h{row}" for row in range(groups * size)]
    return Predictions(
        hashes, truth, probabilities, np.ones(len(truth)), names, pd.DataFrame(index=range(len(truth))), ("n", "y")
    )


def width(interval: Interval) -> float:
    """Length of an interval."""
    return interval.high - interval.low


def test_bootstrap_interval__groups_widen_it() -> None:
    """Twenty rows that stand or fall together are one observation: about sqrt(20) times the width of single rows."""
    grouped = bootstrap_interval("accuracy", correlated(40, size=20), Resampling(seed=1))
    single = bootstrap_interval("accuracy", correlated(40, size=20, grouped=False), Resampling(seed=1))
    assert 3.5 < width(grouped) / width(single) < 5.5
    assert grouped.value == single.value


def test_bootstrap_interval__same_seed_same_ends() -> None:
    """The seed decides the resampling, and another seed gives another."""
    predictions = correlated(30, size=3)
    first = bootstrap_interval("brier", predictions, Resampling(seed=7))
    assert first == bootstrap_interval("brier", predictions, Resampling(seed=7))
    assert first != bootstrap_interval("brier", predictions, Resampling(seed=8))


def test_bootstrap_interval__covers_as_stated() -> None:
    """Of 200 intervals with 12 groups, about 95% hold the truth."""
    hits = 0
    for seed in range(200):
        found = bootstrap_interval("accuracy", correlated(12, size=4, seed=seed), Resampling(seed=seed, resamples=400))
        hits += found.low <= 0.7 <= found.high
    assert hits >= 180


def test_bootstrap_interval__one_group() -> None:
    """One group cannot be resampled: an error, not an interval of width zero."""
    with pytest.raises(EvaluationError, match="1 group in 20 samples"):
        bootstrap_interval("accuracy", correlated(1, size=20), Resampling(seed=0))


def test_resampled_weights__draw_whole_groups() -> None:
    """Rows of a group get the same multiplicity, and every resample has as many groups as there are."""
    (weights,) = resampled_weights(correlated(10, size=5), Resampling(seed=0, resamples=50))
    assert weights.shape == (50, 50)
    assert (weights.reshape(50, 10, 5).std(axis=2) == 0).all()
    assert (weights.sum(axis=1) == 50).all()


def test_resampled_weights__chunks_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large sets come in pieces that together have all the resamples."""
    monkeypatch.setattr("evaluation.inference.bootstrap.CELLS_AT_ONCE", 120)
    pieces = list(resampled_weights(correlated(10, size=5), Resampling(seed=0, resamples=7)))
    assert [len(piece) for piece in pieces] == [2, 2, 2, 1]


@pytest.mark.parametrize("groups", [5, 20, 500])
def test_percentile_interval__is_wider_for_few_groups(groups: int) -> None:
    """The ends lie where a t interval with the sample's own spread would put them, not at 1.96 always."""
    replicates = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    found = percentile_interval(0.0, replicates, groups=groups, level=0.95)
    expected = stats.t.ppf(0.975, groups - 1) * math.sqrt(groups / (groups - 1))
    assert (-found.low, found.high) == pytest.approx((expected, expected), rel=0.01)


def test_percentile_interval__mostly_undefined() -> None:
    """With most resamples undefined there is an estimate but no interval."""
    found = percentile_interval(0.5, np.array([0.4, np.nan, np.nan]), groups=5, level=0.95)
    assert found.value == 0.5
    assert math.isnan(found.low)
    assert not found.is_finite
    assert math.isnan(percentile_interval(math.nan, np.array([0.4, 0.5]), groups=5, level=0.95).low)


def test_standard_error__of_few_groups() -> None:
    """The spread of the replicates, widened by the root of groups over groups less one."""
    found = np.random.default_rng(0).normal(size=1000)
    assert standard_error(found, groups=5) == pytest.approx(found.std() * math.sqrt(5 / 4))
    assert math.isnan(standard_error(np.array([0.4, np.nan, np.nan]), groups=5))
    assert standard_error(np.array([0.2, 0.4, np.nan]), groups=2) == pytest.approx(0.1 * math.sqrt(2))
    assert standard_error(0.03 + np.array([1.0, -1.0, 0.0]) * 1e-17, groups=5) == 0, "rounding is no spread"


def test_cautious_interval__reaches_beyond_the_replicates() -> None:
    """With five groups percentiles end where the data end; the cautious ends go on with the level."""
    found = np.random.default_rng(0).normal(size=400)
    ends = {level: cautious_interval(0.0, found, groups=5, level=level) for level in (0.95, 0.999)}
    assert ends[0.999].high == pytest.approx(stats.t.ppf(0.9995, 4) * standard_error(found, groups=5))
    plain = percentile_interval(0.0, found, groups=5, level=0.999)
    assert plain.low == found.min()
    assert ends[0.999].low < 2 * ends[0.95].low < 0 < 2 * ends[0.95].high < ends[0.999].high
    assert ends[0.95].low <= percentile_interval(0.0, found, groups=5, level=0.95).low

"""Intervals by resampling groups: samples of one group stand or fall together."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from evaluation.errors import EvaluationError
from evaluation.metrics import metric_named
from evaluation.predictions import Predictions

CELLS_AT_ONCE = 2_000_000  # weights held at a time: 16 MB, whatever the size of the test set


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its confidence interval; low and high are nan where it cannot be had."""

    value: float
    low: float
    high: float

    @property
    def is_finite(self) -> bool:
        """Whether estimate and ends are all defined."""
        return all(math.isfinite(number) for number in (self.value, self.low, self.high))


def bootstrap_interval(
    metric: str, predictions: Predictions, *, seed: int, resamples: int = 1000, level: float = 0.95
) -> Interval:
    """Returns a metric with the interval of its grouped bootstrap.

    Raises:
        EvaluationError: no such metric, or all samples are of one group.
    """
    chosen, truth, probabilities = metric_named(metric), predictions.truth, predictions.probabilities
    batches = resampled_weights(predictions, seed=seed, resamples=resamples)
    replicates = np.concatenate([chosen.batch(truth, probabilities, weights) for weights in batches])
    value = chosen.function(truth, probabilities, predictions.weights)
    return percentile_interval(value, replicates, groups=predictions.group_count, level=level)


def resampled_weights(predictions: Predictions, *, seed: int, resamples: int) -> Iterator[npt.NDArray[np.float64]]:
    """Yields weights [r, N], `resamples` rows in all: groups drawn with replacement, times the samples' weights.

    Raises:
        EvaluationError: all samples are of one group, so nothing can be resampled.
    """
    index, count = predictions.group_index, predictions.group_count
    if count < 2:
        raise EvaluationError(f"{count} group in {len(predictions)} samples; an interval needs at least 2; add groups")
    generator = np.random.default_rng(seed)
    chunk = max(1, CELLS_AT_ONCE // len(predictions))
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        draws = generator.integers(count, size=(rows, count)) + np.arange(rows)[:, None] * count
        times = np.bincount(draws.ravel(), minlength=rows * count).reshape(rows, count)
        yield times[:, index] * predictions.weights


def percentile_interval(value: float, replicates: npt.NDArray[np.float64], *, groups: int, level: float) -> Interval:
    """Returns the expanded percentile interval of bootstrap replicates [R].

    The plain percentile interval is too narrow for few groups; its tails are moved out as a t interval's are
    (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", section 5.3). With 50 groups or more this is
    hardly visible. Replicates in which the metric is undefined are left out; with fewer than half defined, the ends
    are nan.
    """
    defined = replicates[np.isfinite(replicates)]
    if len(defined) * 2 < len(replicates) or not math.isfinite(value):
        return Interval(value, math.nan, math.nan)
    reach = math.sqrt(groups / (groups - 1)) * student_t(level, groups - 1)
    tail = NormalDist().cdf(-reach)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def student_t(level: float, freedom: int) -> float:
    """Returns t with P(|T| < t) = `level` for Student's t with `freedom` degrees of freedom, to about 1e-3.

    With T = sqrt(freedom) tan(angle), the angle's density is proportional to cos(angle)^(freedom - 1), which is
    summed on a grid: scipy would be a dependency of this one number.
    """
    if freedom > 1000:
        return NormalDist().inv_cdf(0.5 + level / 2)
    angles = np.linspace(0.0, math.pi / 2, 20_001)
    density = np.cos(angles) ** (freedom - 1)
    share = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return math.sqrt(freedom) * math.tan(float(np.interp(level, share / share[-1], angles)))

"""Intervals by resampling groups: samples of one group stand or fall together."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np

from evaluation.errors import EvaluationError
from evaluation.inference.discrete import widened
from evaluation.inference.interval import Interval, student_interval, student_t
from evaluation.predictions.grouped import Floats, Grouped
from evaluation.predictions.metrics import metric_named
from evaluation.predictions.predictions import Predictions

CELLS_AT_ONCE = 2_000_000  # weights held at a time: 16 MB, whatever the size of the test set
ROUNDING = 1e-12  # figures that differ by less differ by the order of a sum


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: the seed and the number of the resamples, and the confidence level.

    Ends of paired differences lie `stretch` times as far out as the resamples say.
    """

    seed: int
    resamples: int = 1000
    level: float = 0.95
    stretch: float = 1.0


def bootstrap_interval(metric: str, predictions: Predictions, resampling: Resampling) -> Interval:
    """Returns a metric with the interval of its grouped bootstrap, as wide as few different samples ask for.

    Raises:
        EvaluationError: no such metric, or all samples are of one group.
    """
    chosen, groups, level = metric_named(metric), predictions.group_count, resampling.level
    batch = partial(chosen.batch, predictions.truth, predictions.probabilities)
    value, found = _with_replicates(batch, predictions, resampling)
    interval = percentile_interval(value, found, groups=groups, level=level)
    return widened(interval, chosen, predictions, standard_error(found, groups=groups), level)


def interval_of(batch: Callable[[Floats], Floats], samples: Grouped, resampling: Resampling) -> Interval:
    """Returns any statistic of the samples' weights with the interval of its grouped bootstrap.

    `batch` judges many weightings at once, [R, N] -> [R]; nan where it is undefined.

    Raises:
        EvaluationError: all samples are of one group.
    """
    value, found = _with_replicates(batch, samples, resampling)
    return percentile_interval(value, found, groups=samples.group_count, level=resampling.level)


def intervals_of(
    metrics: Mapping[str, Callable[..., Floats]], judged: Sequence[Any], samples: Grouped, resampling: Resampling
) -> dict[str, Interval]:
    """Returns every metric with the interval of its grouped bootstrap; nan where undefined.

    `judged` are the arguments of each metric before the weights.

    Raises:
        EvaluationError: all samples are of one group.
    """
    return {name: interval_of(partial(batch, *judged), samples, resampling) for name, batch in metrics.items()}


def _with_replicates(
    batch: Callable[[Floats], Floats], samples: Grouped, resampling: Resampling
) -> tuple[float, Floats]:
    """A statistic under the samples' own weights, and in every resample."""
    return float(batch(samples.weights[None])[0]), replicates(batch, samples, resampling)


def replicates(batch: Callable[[Floats], Floats], samples: Grouped, resampling: Resampling) -> Floats:
    """Returns a statistic in every resample of the groups, [resamples].

    Raises:
        EvaluationError: all samples are of one group.
    """
    return np.concatenate([batch(weights) for weights in resampled_weights(samples, resampling)])


def resampled_weights(samples: Grouped, resampling: Resampling) -> Iterator[Floats]:
    """Yields weights [r, N], a row a resample, in blocks: groups drawn with replacement, times the samples' weights.

    Raises:
        EvaluationError: all samples are of one group, so nothing can be resampled.
    """
    index, count = samples.group_index, samples.group_count
    if count < 2:
        raise EvaluationError(f"{count} group in {len(index)} samples; an interval needs at least 2; add groups")
    generator = np.random.default_rng(resampling.seed)
    chunk = max(1, CELLS_AT_ONCE // len(index))
    for start in range(0, resampling.resamples, chunk):
        rows = min(chunk, resampling.resamples - start)
        draws = generator.integers(count, size=(rows, count)) + np.arange(rows)[:, None] * count
        times = np.bincount(draws.ravel(), minlength=rows * count).reshape(rows, count)
        yield times[:, index] * samples.weights


def percentile_interval(value: float, replicates: Floats, *, groups: int, level: float) -> Interval:
    """Returns the expanded percentile interval of bootstrap replicates [R].

    The plain percentile interval is too narrow for few groups; its tails are moved out as a t interval's are
    (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", section 5.3). With 50 groups or more this is
    hardly visible. Replicates in which the metric is undefined are left out; with fewer than half defined, the ends
    are nan.
    """
    defined = replicates[np.isfinite(replicates)]
    if len(defined) * 2 < len(replicates) or not math.isfinite(value):
        return Interval(value, math.nan, math.nan)
    tail = tail_share(level, groups)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def cautious_interval(value: float, replicates: Floats, *, groups: int, level: float) -> Interval:
    """Returns the wider of the percentile interval and Student's t interval around the value, at either end.

    Replicates end where the data end: with few groups, or at levels close to 1, none lies far enough out, and the
    percentile intervals of 95% and 99.9% are the same. For decisions that must not err more often than stated.
    """
    found = percentile_interval(value, replicates, groups=groups, level=level)
    student = student_interval(value, standard_error(replicates, groups=groups), freedom=groups - 1, level=level)
    return Interval(value, min(found.low, student.low), max(found.high, student.high))


def standard_error(replicates: Floats, *, groups: int) -> float:
    """Returns the bootstrap's standard error, without the bias of few groups; nan where less than half is defined.

    Replicates that differ by rounding alone have no spread: 0, so that whoever asks knows that nothing was shown.
    """
    defined = replicates[np.isfinite(replicates)]
    if len(defined) * 2 < len(replicates):
        return math.nan
    spread = float(defined.std())
    return spread * math.sqrt(groups / (groups - 1)) if spread > ROUNDING else 0.0


def tail_share(level: float, groups: int) -> float:
    """Returns the share of replicates beyond either end of the expanded percentile interval."""
    return NormalDist().cdf(-math.sqrt(groups / (groups - 1)) * student_t(level, groups - 1))

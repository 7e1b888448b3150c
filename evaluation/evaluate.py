"""The whole judgement of one model: every metric with its interval, and the chosen metric for every slice."""

import math
from dataclasses import dataclass

import pandas as pd

from evaluation.bootstrap import Interval, bootstrap_interval
from evaluation.errors import EvaluationError
from evaluation.metrics import METRICS, metric_named
from evaluation.predictions import Predictions

MINIMUM_SLICE = 20  # below this an interval says nothing that the count does not
SLICE_COLUMNS = ["column", "value", "samples", "metric", "estimate", "low", "high", "note"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One model judged.

    Attributes:
        metrics: every metric with its interval; nan where undefined.
        slices: one row a slice, columns SLICE_COLUMNS; `note` says "too small", "one group" or "undefined" where
            estimate or interval is nan.
        samples: number of samples.
        groups: number of groups.
    """

    metrics: dict[str, Interval]
    slices: pd.DataFrame
    samples: int
    groups: int


def evaluate(
    predictions: Predictions, *, metric: str, seed: int, resamples: int = 1000, level: float = 0.95
) -> Evaluation:
    """Judges predictions by every metric, and by `metric` in every slice.

    Raises:
        EvaluationError: no such metric, it is undefined here (one class only), or all samples are of one group.
    """
    metric_named(metric)
    intervals = {
        name: bootstrap_interval(name, predictions, seed=seed, resamples=resamples, level=level) for name in METRICS
    }
    if math.isnan(intervals[metric].value):
        found = sorted({predictions.classes[index] for index in predictions.truth})
        rule = f"it needs at least two of {', '.join(predictions.classes)}"
        all_are = f"{metric} is undefined: the samples are all {', '.join(found)}"
        raise EvaluationError(f"{all_are}; {rule}; enlarge the split")
    rows = [
        {"column": column, "value": value}
        | _slice_row(predictions.take(mask), metric=metric, seed=seed, resamples=resamples, level=level)
        for column, value, mask in predictions.slice_rows()
    ]
    return Evaluation(intervals, pd.DataFrame(rows, columns=SLICE_COLUMNS), len(predictions), predictions.group_count)


def _slice_row(part: Predictions, *, metric: str, seed: int, resamples: int, level: float) -> dict[str, object]:
    """Judges one slice; without an interval where it could not be trusted."""
    interval, note = Interval(_value(metric, part), math.nan, math.nan), ""
    if len(part) < MINIMUM_SLICE:
        note = "too small"
    elif part.group_count < 2:
        note = "one group"
    else:
        interval = bootstrap_interval(metric, part, seed=seed, resamples=resamples, level=level)
        note = "" if interval.is_finite else "undefined"
    return {
        "samples": len(part),
        "metric": metric,
        "estimate": interval.value,
        "low": interval.low,
        "high": interval.high,
        "note": note,
    }


def _value(metric: str, part: Predictions) -> float:
    return metric_named(metric).function(part.truth, part.probabilities, part.weights)

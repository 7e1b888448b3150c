"""The whole judgement of one model: every metric with its interval, its calibration, and every slice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from data.naming import few
from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling, bootstrap_interval
from evaluation.inference.calibration import ReliabilityBin, calibration_error, reliability_curve
from evaluation.inference.disparity import Disparity, judge_disparities
from evaluation.inference.interval import Interval
from evaluation.inference.slices import judge_slices
from evaluation.predictions.metrics import METRICS, metric_named
from evaluation.predictions.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One model judged.

    Attributes:
        metrics: every metric with its interval; nan where undefined.
        calibration: expected calibration error with its interval.
        reliability: the curve behind it.
        slices: one row a slice, columns `evaluation.inference.slices.SLICE_COLUMNS`; `note` says why something is nan.
        samples: number of samples.
        groups: number of groups.
        level: confidence level of the intervals, and of the comparisons of slices.
        disparities: of every protected column, by measure and class.
    """

    metrics: dict[str, Interval]
    calibration: Interval
    reliability: tuple[ReliabilityBin, ...]
    slices: pd.DataFrame
    samples: int
    groups: int
    level: float
    disparities: tuple[Disparity, ...] = ()


def evaluate(
    predictions: Predictions, metric: str, resampling: Resampling, protected: Sequence[str] = ()
) -> Evaluation:
    """Judges predictions by every metric and their calibration, by `metric` in every slice, and protected columns.

    Raises:
        EvaluationError: no such metric, it is undefined here (one class only), or all samples are of one group.
    """
    metric_named(metric)
    intervals = {name: bootstrap_interval(name, predictions, resampling) for name in METRICS}
    if math.isnan(intervals[metric].value):
        found = sorted({predictions.classes[index] for index in predictions.truth})
        rule = f"it needs at least two of {few(predictions.classes)}"
        all_are = f"{metric} is undefined: the samples are all {few(found)}"
        raise EvaluationError(f"{all_are}; {rule}; enlarge the split")
    return Evaluation(
        metrics=intervals,
        calibration=calibration_error(predictions, resampling),
        reliability=reliability_curve(predictions, resampling),
        slices=judge_slices(predictions, metric, resampling),
        samples=len(predictions),
        groups=predictions.group_count,
        level=resampling.level,
        disparities=judge_disparities(predictions, protected, resampling),
    )

"""Slices of a test set: which there are, how the model does in each, and which differ from the rest."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import (
    ROUNDING,
    Resampling,
    bootstrap_interval,
    percentile_interval,
    replicates,
    standard_error,
)
from evaluation.inference.config import EvaluationConfig
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import metric_named
from evaluation.predictions.predictions import Predictions

MINIMUM_SLICE = 20  # below this an interval says nothing that the count does not
JOINT = " & "
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SliceRow:
    """One slice judged; the fields are the columns of the table. What cannot be had is nan, and `note` says why.

    Attributes:
        column: slice column, or two joined by " & ".
        value: its value, or two joined by " & ".
        samples: how many there are.
        metric: name of the metric.
        estimate: the metric in the slice; `low` and `high` are the ends of its interval.
        difference: the slice minus all other samples, with the ends `difference_low` and `difference_high`.
        p_value: two-sided, of no difference.
        p_holm: the same, corrected for all slices that are compared.
        note: "" or "empty", "too small", "one group", "one class", "undefined" or "no spread" (every sample alike:
            resampling shows no uncertainty, though there is) of the slice; "rest …" is the same of all other samples.
    """

    column: str
    value: str
    samples: int
    metric: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    difference: float = math.nan
    difference_low: float = math.nan
    difference_high: float = math.nan
    p_value: float = math.nan
    p_holm: float = math.nan
    note: str = ""


SLICE_COLUMNS = list(SliceRow.__dataclass_fields__)


def chosen_slices(table: pd.DataFrame, others: pd.DataFrame, config: EvaluationConfig) -> pd.DataFrame:
    """Returns the slice columns and pairs that a domain asks for, one categorical column each.

    `table` has the slice columns of all samples that the domain has, `others` the further columns of the manifest,
    which are slices only where they are named. Cut rows out of the result, so that a value without a test sample is
    still known, as an empty slice. In a pair both values must be there.

    Raises:
        EvaluationError: there is no column of that name.
    """
    names: list[str | tuple[str, str]] = list(table.columns if config.slices is None else config.slices)
    names += [name for name in config.protected if name not in names]
    table = pd.concat([table, others[others.columns.difference(table.columns, sort=False)]], axis=1)
    wanted = {part for name in names for part in ((name,) if isinstance(name, str) else name)}
    unknown = sorted(wanted - set(table.columns))
    if unknown:
        exist = ", ".join(table.columns) or "none"
        raise EvaluationError(
            f"evaluation.slices or evaluation.protected names {', '.join(unknown)}; the data has the columns: {exist}; "
            "correct the list"
        )
    columns = {
        name if isinstance(name, str) else JOINT.join(name): table[name]
        if isinstance(name, str)
        else table[name[0]] + JOINT + table[name[1]]
        for name in names
    }
    return pd.DataFrame(columns, index=table.index).astype("category")


def judge_slices(predictions: Predictions, metric: str, resampling: Resampling) -> pd.DataFrame:
    """Judges every slice and compares it with all other samples; one row each, columns SLICE_COLUMNS.

    Raises:
        EvaluationError: no such metric.
    """
    metric_named(metric)
    slices = list(predictions.slice_rows())
    rows = [asdict(_judge(predictions, one, metric, resampling)) for one in slices]
    table = pd.DataFrame(rows, columns=SLICE_COLUMNS)
    return table.assign(p_holm=_corrected(table["p_value"], [mask for *_, mask in slices]))


def _corrected(p_values: "pd.Series[float]", masks: Sequence[Mask]) -> list[float]:
    """The p-values after Holm; nan where there is none.

    One of two values against the other is one comparison, not two: what splits the samples alike is counted once.
    """
    splits = [min(mask.tobytes(), (~mask).tobytes()) for mask in masks]
    compared = {split: p for split, p in zip(splits, p_values, strict=True) if not math.isnan(p)}
    corrected = dict(zip(compared, holm(list(compared.values())), strict=True))
    return [math.nan if math.isnan(p) else corrected[split] for split, p in zip(splits, p_values, strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns the adjusted p-values, in the order given; a nan was not compared, stays nan and costs nothing.

    Rejecting what is at most alpha keeps the chance of any false rejection at most alpha, however the tests depend
    on each other (Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure").
    """
    from statsmodels.stats.multitest import multipletests

    adjusted = np.array(p_values, dtype=np.float64)
    compared = ~np.isnan(adjusted)
    if compared.any():
        adjusted[compared] = multipletests(adjusted[compared], method="holm")[1]
    return [float(p_value) for p_value in adjusted]


def difference_p_value(difference: float, found: Floats, *, groups: int) -> float:
    """Returns the two-sided p-value of "no difference", read off the spread of its bootstrap replicates [R].

    The difference over the bootstrap's standard error is compared with Student's t of `groups` - 1 degrees of freedom.
    Its resolution does not depend on the number of replicates, as counting those beyond 0 would (never below
    2 / (R + 1), too coarse for Holm's correction over many slices), and it stays honest with few groups; of AUC in
    slices of some sixty samples it is a little too sure. Replicates in which the metric is undefined are left out.
    """
    from scipy.stats import t

    spread, none = standard_error(found, groups=groups), abs(difference) <= ROUNDING
    if none or spread == 0:
        return 1.0 if none else 0.0
    return float(2 * t.sf(abs(difference) / spread, groups - 1))


def _judge(predictions: Predictions, chosen: tuple[str, str, Mask], metric: str, resampling: Resampling) -> SliceRow:
    """Judges one slice, a column, its value and its rows, as far as its size allows."""
    column, value, mask = chosen
    row = partial(SliceRow, column, value, int(mask.sum()), metric)
    if not mask.any():
        return row(note="empty")
    part = predictions.take(mask)
    estimate, note = _estimate(part, metric)
    if note:
        return row(estimate=estimate, note=note)
    interval = bootstrap_interval(metric, part, resampling)
    if not interval.is_finite:
        return row(estimate=estimate, note="undefined")
    row = partial(row, estimate=estimate, low=interval.low, high=interval.high)
    note = "empty" if mask.all() else _estimate(predictions.take(~mask), metric)[1]
    return row(note=f"rest {note}") if note else row(**_difference(predictions, mask, metric, resampling))


def _estimate(part: Predictions, metric: str) -> tuple[float, str]:
    """The metric in a part of the samples, and why it can have no interval: "" where it may have one."""
    value = metric_named(metric).function(part.truth, part.probabilities, part.weights)
    if len(part) < MINIMUM_SLICE:
        return value, "too small"
    if math.isnan(value):
        return value, "one class" if len(np.unique(part.truth)) == 1 else "undefined"
    return value, "one group" if part.group_count < 2 else ""


def _difference(predictions: Predictions, mask: Mask, metric: str, resampling: Resampling) -> dict[str, float]:
    """Slice minus rest and its p-value; a group on both sides is drawn for both, the smaller side's groups count."""
    chosen = metric_named(metric)
    inside = partial(chosen.batch, predictions.truth[mask], predictions.probabilities[mask])
    outside = partial(chosen.batch, predictions.truth[~mask], predictions.probabilities[~mask])

    def difference(weights: Floats) -> Floats:
        """Slice minus rest [R] under weights [R, N]."""
        return inside(weights[:, mask]) - outside(weights[:, ~mask])

    value = float(difference(predictions.weights[None])[0])
    found = replicates(difference, predictions, resampling)
    groups = min(len(np.unique(predictions.group_index[side])) for side in (mask, ~mask))
    ends = percentile_interval(value, found, groups=groups, level=resampling.level)
    return {
        "difference": value,
        "difference_low": ends.low,
        "difference_high": ends.high,
        "p_value": difference_p_value(value, found, groups=groups) if ends.is_finite else math.nan,
    }

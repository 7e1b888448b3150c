"""The champion judged by the labels that came back, late and not for all."""

from datetime import datetime, timedelta

import numpy as np

from evaluation.inference.bootstrap import bootstrap_interval
from evaluation.inference.interval import Interval
from evaluation.predictions.grouped import Floats
from monitoring.performance.answers import Answers
from monitoring.performance.config import PerformanceConfig
from monitoring.performance.expectation import Expectation
from monitoring.performance.labelled.gathered import Gathered
from monitoring.performance.labelled.selection import compare_labelled
from monitoring.performance.labelled.stream import evidence_of_harm
from monitoring.performance.performance import Labelled

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIDES = 2  # half of the false claims may come from what was expected, half from the stream


def measure_labelled(
    gathered: Gathered, expectation: Expectation, config: PerformanceConfig, now: datetime
) -> Labelled | None:
    """Judges the labelled answers of all the time since the promotion; None where there is none.

    The metric is that of the newest of them, the evidence that of all.
    """
    if not gathered.labelled.any():
        return None
    selection, window = compare_labelled(gathered, config.resampling), gathered.newest
    came = gathered.rows.loc[gathered.labelled, "labelled"].argsort(kind="stable").to_numpy()
    found = _metric(window, selection.weights[came[-len(window) :]], expectation, config)
    loss = expectation.loss(found)
    evidence = evidence_of_harm(gathered, selection.weights, expectation)
    proven = evidence >= SIDES / config.false_claims and selection.representative
    return Labelled(
        value=found.value,
        low=found.low,
        high=found.high,
        rows=len(window),
        groups=len(set(window.blocks)),
        loss=loss,
        harmed=bool(proven and loss.value > expectation.tolerance),
        e_value=evidence,
        representative=selection.representative,
        note="; ".join(filter(None, (_missing(gathered, now), _strangers(gathered, expectation), selection.note))),
    )


def _strangers(gathered: Gathered, expectation: Expectation) -> str:
    """What becomes of labels of classes that the champion does not know."""
    if not gathered.strangers:
        return ""
    left_out = f"are left out of {expectation.metric}"
    what = "count as errors" if expectation.metric == "accuracy" else left_out
    return f"{gathered.strangers} labels of classes that it does not know {what}"


def _metric(window: Answers, weights: Floats, expectation: Expectation, config: PerformanceConfig) -> Interval:
    """The metric of labelled rows; its ends are nan where all are of one group."""
    judged = window.judged(weights)
    if judged.group_count < 2:
        value = expectation.chosen.function(judged.truth, judged.probabilities, weights)
        return Interval(value, np.nan, np.nan)
    return bootstrap_interval(expectation.metric, judged, config.resampling)


def _missing(gathered: Gathered, now: datetime) -> str:
    """Which labels are missing: how many, how old the newest is, and rows that are too young to have one."""
    labelled, rows = gathered.labelled, gathered.rows
    came, asked = rows.loc[labelled, "labelled"], rows.loc[labelled, "asked"]
    told = f"{int(labelled.sum())} of {len(rows)} labelled, the newest label is {_span(now - came.max())} old"
    usual = timedelta(seconds=float((came - asked).dt.total_seconds().median()))
    young = int(((now - rows["asked"] < usual) & ~labelled).sum())
    if not young:
        return told
    return f"{told}; a label takes {_span(usual)}, so that the {young} newest rows have none yet: the slow are missing"


def _span(time: timedelta) -> str:
    """A time in words."""
    if time < 2 * DAY:
        return f"{max(time, timedelta(0)) / HOUR:.0f} hours"
    return f"{time / DAY:.0f} days"

"""The champion judged by the labels that came back, late and not for all."""

from datetime import datetime, timedelta

import numpy as np

from evaluation.inference.bootstrap import bootstrap_interval
from evaluation.inference.interval import Interval
from evaluation.predictions.grouped import Floats
from monitoring.performance.answers import Answers
from monitoring.performance.config import PerformanceConfig
from monitoring.performance.expectation import Expectation
from monitoring.performance.performance import Labelled
from monitoring.performance.selection import compare_labelled
from monitoring.performance.stream import evidence_of_harm

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIDES = 2  # half of the false claims may come from what was expected, half from the stream


def measure_labelled(
    answers: Answers, expectation: Expectation, config: PerformanceConfig, now: datetime
) -> Labelled | None:
    """Judges the labelled answers of all the time since the promotion; None where there is none.

    The metric is that of the newest `config.window` of them, the evidence that of all.
    """
    answers, strangers = _countable(answers, expectation)
    if not answers.labelled.any():
        return None
    selection = compare_labelled(answers, config.resampling)
    labelled = answers.take(answers.labelled)
    newest = labelled.rows["labelled"].argsort(kind="stable").to_numpy().astype(np.int64)[-config.window :]
    window = labelled.take(newest)
    found = _metric(window, selection.weights[newest], expectation, config)
    loss = expectation.loss(found)
    evidence = evidence_of_harm(labelled, selection.weights, expectation)
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
        note="; ".join(filter(None, (_missing(answers, now), strangers, selection.note))),
    )


def _countable(answers: Answers, expectation: Expectation) -> tuple[Answers, str]:
    """The rows whose label the metric can take, and what to say of others; to accuracy a new class is an error."""
    strange = answers.labelled & ~answers.rows["label"].isin(answers.classes).to_numpy()
    if not strange.any():
        return answers, ""
    told = f"{int(strange.sum())} labels of classes that it does not know"
    if expectation.metric == "accuracy":
        return answers, f"{told} count as errors"
    return answers.take(~strange), f"{told} are left out of {expectation.metric}"


def _metric(window: Answers, weights: Floats, expectation: Expectation, config: PerformanceConfig) -> Interval:
    """The metric of labelled rows; its ends are nan where all are of one group."""
    judged = window.judged(weights)
    if judged.group_count < 2:
        value = expectation.chosen.function(judged.truth, judged.probabilities, weights)
        return Interval(value, np.nan, np.nan)
    return bootstrap_interval(expectation.metric, judged, config.resampling)


def _missing(answers: Answers, now: datetime) -> str:
    """Which labels are missing: how many, how old the newest is, and rows that are too young to have one."""
    labelled, rows = answers.labelled, answers.rows
    came, asked = rows.loc[labelled, "labelled"], rows.loc[labelled, "time"]
    told = f"{int(labelled.sum())} of {len(answers)} labelled, the newest label is {_span(now - came.max())} old"
    usual = timedelta(seconds=float((came - asked).dt.total_seconds().median()))
    young = int(((now - rows["time"] < usual) & ~labelled).sum())
    if not young:
        return told
    return f"{told}; a label takes {_span(usual)}, so that the {young} newest rows have none yet: the slow are missing"


def _span(time: timedelta) -> str:
    """A time in words."""
    if time < 2 * DAY:
        return f"{max(time, timedelta(0)) / HOUR:.0f} hours"
    return f"{time / DAY:.0f} days"

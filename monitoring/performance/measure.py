"""How well the champion does on its present traffic: by labels, and by an estimate without."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
import pandas as pd

from evaluation.inference.interval import Interval
from monitoring.performance.answers import answers_of
from monitoring.performance.config import PerformanceConfig
from monitoring.performance.expectation import Expectation
from monitoring.performance.labelled.feedback import measure_labelled
from monitoring.performance.labelled.gathered import gather
from monitoring.performance.performance import Estimated, Performance
from monitoring.performance.unlabelled.distance import distance
from monitoring.performance.unlabelled.estimate import Traffic, estimator_of
from monitoring.performance.unlabelled.known import Known, known_of
from monitoring.performance.unlabelled.validation import LEAST_GROUPS, Validation, estimated_loss, validate
from monitoring.reference import Reference
from monitoring.windows import Window

LEAST_KNOWN = 60  # samples below which no estimate is tried


def measure_performance(
    reference: Reference,
    window: Window,
    labels: Iterable[pd.DataFrame],
    expectation: Expectation,
    config: PerformanceConfig,
    *,
    now: datetime,
    validation: Validation | None = None,
) -> Performance:
    """Measures the champion on its present traffic.

    Args:
        reference: of its package; its column `truth` holds the class of each sample.
        window: its newest traffic, of which the estimate is.
        labels: its rows of the log since its promotion, as `serving.feedback.labelled_parts` gives them: at least
            hash, time, probabilities, error, group, session, label and labelled.
        expectation: what its test set promised.
        config: what the domain decides.
        now: the time of the check.
        validation: what the estimate was tried on when the package was made; None: it is tried now, on drawn shifts.

    Raises:
        MonitoringError: the rows are of more than one model.
    """
    gathered = gather(labels, reference.classes, expectation, config.window)
    labelled = measure_labelled(gathered, expectation, config, now)
    known = known_of(reference)
    estimated, note = _estimated(known, window, expectation, config, validation)
    found = expectation.interval
    return Performance(
        metric=expectation.metric,
        expected=found.value,
        expected_interval=(found.low, found.high),
        tolerance=expectation.tolerance,
        labelled=labelled,
        estimated=estimated,
        min_groups=config.min_groups,
        note=note,
    )


def is_enough(known: Known) -> bool:
    """Whether so many known samples can say anything."""
    return len(known) >= LEAST_KNOWN and known.group_count >= LEAST_GROUPS


def _estimated(
    known: Known | None,
    window: Window,
    expectation: Expectation,
    config: PerformanceConfig,
    validation: Validation | None,
) -> tuple[Estimated | None, str]:
    """The estimate; or why there is none."""
    if known is None:
        return None, "No estimate without labels: the package keeps no truth of its reference; retrain the domain."
    if not is_enough(known):
        held = f"{len(known)} samples in {known.group_count} groups whose truth is known"
        return None, f"No estimate without labels: {held}; {LEAST_KNOWN} in {LEAST_GROUPS} are needed."
    answers = answers_of(window.rows, ())
    if not len(answers):
        return None, f"No estimate without labels: no sample was answered yet; {LEAST_GROUPS} are needed."
    traffic = Traffic(answers.probabilities, answers.embeddings, np.ones(len(answers)), answers.blocks)
    if traffic.group_count < LEAST_GROUPS:
        held = f"{traffic.group_count} sessions, groups or single samples in the window"
        return None, f"No estimate without labels: {held}; {LEAST_GROUPS} are needed."
    tried = validation or validate(expectation.metric, known, {}, seed=config.seed)
    if not tried.trials:
        return (
            None,
            f"No estimate without labels: {expectation.metric} is undefined on every shift of the known samples.",
        )
    return _judged(known, traffic, expectation, config, tried), ""


def _judged(
    known: Known, traffic: Traffic, expectation: Expectation, config: PerformanceConfig, tried: Validation
) -> Estimated:
    """The estimate with its room, and whether it may be trusted."""
    estimator = estimator_of(expectation.metric, known, traffic, seed=config.seed)
    far, drawn = distance(known, traffic), estimator.interval(config.resampling)
    loss = tried.loss(estimated_loss(estimator), far, (drawn.high - drawn.low) / 2)
    found, fault = _on_scale(expectation.after(loss), expectation), _fault(tried, far, expectation)
    apart = f"told apart with AUC {estimator.ratio.auc:.2f}"
    held = f"by {len(known)} known samples, {apart}, and {len(tried.trials)} shifts of such"
    return Estimated(
        value=found.value,
        low=found.low,
        high=found.high,
        loss=loss,
        trusted=fault is None,
        note=held if fault is None else f"not trusted: {fault}; {held}",
    )


def _on_scale(found: Interval, expectation: Expectation) -> Interval:
    """An interval without what no metric can be: a gain that is added to what was expected may lead beyond."""
    chosen = expectation.chosen
    lowest, highest = sorted((chosen.worst, chosen.best))
    return Interval(*(min(max(one, lowest), highest) for one in (found.value, found.low, found.high)))


def _fault(tried: Validation, far: float, expectation: Expectation) -> str | None:
    """Why an estimate cannot be trusted."""
    if far > tried.reach:
        return f"the traffic lies {far:.1f} off, the farthest shift that it was tried on {tried.reach:.1f}"
    if tried.room(far) > expectation.tolerance and tried.skill <= 0:
        return f"on {len(tried.trials)} shifts whose truth is known it was no better than to expect no change"
    return None

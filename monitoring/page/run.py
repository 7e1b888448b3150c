"""Runs Evidently on a window: our signals are its metrics, our thresholds its tests, its verdicts our decision."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from monitoring.broken.sign import Sign
from monitoring.config import MonitoringConfig
from monitoring.reference import Reference, thin
from monitoring.signals import watched
from monitoring.signals.report import DriftReport, DriftStatistic, Unjudged
from monitoring.triage import Triage
from monitoring.windows import Window

if TYPE_CHECKING:
    from evidently import Dataset
    from evidently.core.metric_types import SingleValueMetric
    from evidently.core.report import Snapshot

    from monitoring.page.judged import JudgedValue

KINDS = ("numerical", "categorical", "text", "datetime")
LISTS = ["probabilities", "embedding"]
# What a null depends on.
SETTINGS: Any = {"false_alarm": True, "resamples": True, "seed": True, "policy": {"suspect", "of"}}
MOST_CLASSES = 20  # beyond so many a page of distributions is not read


@dataclass(frozen=True, eq=False)
class Checked:
    """What Evidently made of a window: the drift report where it was fit to be judged, and the snapshot."""

    drift: DriftReport | None
    snapshot: "Snapshot"


def run_evidently(
    reference: Reference, window: Window, config: MonitoringConfig, health: Triage, note: str = ""
) -> Checked:
    """Shows the signs of broken data, and where there are none measures and tests every signal of drift.

    `note` says how the check was tried.

    Raises:
        MonitoringError: rows of another model.
    """
    os.environ.setdefault("EVIDENTLY_DISABLE_TELEMETRY", "1")  # both are read when it is imported
    os.environ.setdefault("DO_NOT_TRACK", "true")
    from evidently import Report

    metrics = [_broken_sign(sign) for sign in health.signs]
    drift = [_drift_signal(signal.name, reference, config) for signal in watched.SIGNALS]
    if health.verdict == "ok":
        metrics += [*drift, _pictures(reference, window, config, note)]
    snapshot = Report(metrics).run(_table(window.usable), _table(reference.rows), name="check")
    if health.verdict != "ok":
        return Checked(None, snapshot)
    results = [snapshot.metric_results[one.metric_id] for one in drift]
    return Checked(_report(results, reference, window, config), snapshot)


def _drift_signal(name: str, reference: Reference, config: MonitoringConfig) -> "SingleValueMetric":
    from monitoring.page.metrics import DriftSignal

    return DriftSignal(signal=name, held_out=reference.held_out, settings=config.model_dump(include=SETTINGS))


def _broken_sign(sign: Sign) -> "SingleValueMetric":
    from monitoring.page.metrics import BrokenSign

    return BrokenSign(sign=sign.name, shown=sign.value, limit=sign.limit, told=sign.told)


def _pictures(reference: Reference, window: Window, config: MonitoringConfig, note: str) -> "SingleValueMetric":
    from monitoring.page.metrics import Pictures

    facts = [name for name in reference.facts if name in window.rows]
    return Pictures(classes=list(reference.classes[:MOST_CLASSES]), facts=facts, seed=config.seed, note=note)


def _table(rows: pd.DataFrame) -> "Dataset":
    """Rows as they are: Evidently needs to guess nothing and count nothing of its own."""
    from evidently import DataDefinition, Dataset

    others = [name for name in rows if name not in LISTS]
    nothing: dict[str, list[str]] = {f"{kind}_columns": [] for kind in KINDS}
    return Dataset.from_pandas(rows, DataDefinition(**nothing, unknown_columns=others, list_columns=LISTS))


def _report(
    results: list["JudgedValue"], reference: Reference, window: Window, config: MonitoringConfig
) -> DriftReport:
    """Evidently's results and the verdicts of its tests as ours."""
    found = [_statistic(one) for one in results]
    rows, known = len(window.usable), len(thin(reference.rows, seed=config.seed))
    return DriftReport.of(found, window_rows=rows, reference_rows=known, false_alarm=config.level)


def _statistic(found: "JudgedValue") -> DriftStatistic | Unjudged:
    if found.threshold is None or found.p_value is None:
        return Unjudged(found.display_name, found.needs)
    (test,) = found.tests
    return DriftStatistic(
        name=found.display_name,
        value=found.value,
        threshold=found.threshold,
        p_value=found.p_value,
        alarm=test.status.value == "FAIL",
        null=tuple(found.null),
        note=found.note,
    )

"""One check of production traffic: triage first, then drift, then the decision."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.config import MonitoringConfig
from monitoring.controller import MonitorDecision, decide
from monitoring.drift import measure_drift
from monitoring.reference import Reference
from monitoring.signals.report import DriftReport
from monitoring.triage import triage
from monitoring.windows import Window


@dataclass(frozen=True)
class Check:
    """What one check found and what should follow; `drift` is None where the window is not fit to be judged."""

    drift: DriftReport | None
    decision: MonitorDecision

    @property
    def statistics(self) -> dict[str, float]:
        """Value of each statistic that was measured, by name."""
        return {found.name: found.value for found in self.drift.statistics} if self.drift else {}

    @property
    def metrics(self) -> dict[str, float]:
        """Value and p-value of each statistic, under the names by which runs of monitoring are compared."""
        found = self.drift.statistics if self.drift else ()
        return {f"drift_{one.name}": one.value for one in found} | {f"drift_{one.name}_p": one.p_value for one in found}

    def markdown(self) -> str:
        """The decision, and below it what was measured."""
        measured = self.drift.markdown() if self.drift else ""
        return f"**{self.decision.action}**: {self.decision.reason}\n\n{measured}"


def check_window(
    reference: Reference,
    window: Window,
    config: MonitoringConfig,
    *,
    last_retrain: datetime | None,
    now: datetime,
) -> Check:
    """Checks a window of the log of the version that the reference belongs to.

    Args:
        reference: of the package in production.
        window: its newest traffic.
        config: what the domain decides about its monitoring.
        last_retrain: when the last retrain began, in the same time zone awareness as `now`; None: never.
        now: the time of the check.

    Raises:
        MonitoringError: the reference is too small for a null, or the rows are of another model.
    """
    health = triage(window, reference.transform, config)
    drift = measure_drift(reference, window, config) if health.verdict == "ok" else None
    return Check(drift, decide(health, drift, config, last_retrain=last_retrain, now=now))

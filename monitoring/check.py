"""One check of production traffic: is it whole, then has it drifted."""

from dataclasses import dataclass

from monitoring.config import MonitoringConfig
from monitoring.controller.state import Evidence
from monitoring.controller.state import Verdict as Judged
from monitoring.drift import measure_drift
from monitoring.reference import Reference
from monitoring.signals.report import DriftReport, DriftStatistic
from monitoring.triage import Triage, Verdict, triage
from monitoring.windows import Window

VERDICTS: dict[Verdict, Judged] = {
    "ok": "ok", "insufficient": "cannot judge", "broken data": "broken data", "preprocessing skew": "skew",
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """What one check found; `drift` is None where the window is not fit to be judged."""

    health: Triage
    drift: DriftReport | None

    @property
    def statistics(self) -> dict[str, float]:
        """Value of each statistic that was measured, by name."""
        return {found.name: found.value for found in self.drift.statistics} if self.drift else {}

    @property
    def metrics(self) -> dict[str, float]:
        """Value and p-value of each statistic, under the names by which runs of monitoring are compared."""
        found = self.drift.statistics if self.drift else ()
        return {f"drift_{one.name}": one.value for one in found} | {f"drift_{one.name}_p": one.p_value for one in found}

    def evidence(self) -> Evidence:
        """What the controller is to know of it."""
        alarms = [f"{one.name} {one.value:.4f} above {one.threshold:.4f}" for one in self._alarms]
        drift = f"drift: {', '.join(alarms)}" if alarms else ""
        return Evidence(VERDICTS[self.health.verdict], self.health.reason, drift)

    @property
    def _alarms(self) -> list[DriftStatistic]:
        return [one for one in self.drift.statistics if one.alarm] if self.drift else []


def check_window(reference: Reference, window: Window, config: MonitoringConfig) -> Check:
    """Checks a window of the log of the version that the reference belongs to.

    Raises:
        MonitoringError: the reference is too small for a null, or the rows are of another model.
    """
    health = triage(window, reference.transform, config)
    return Check(health, measure_drift(reference, window, config) if health.verdict == "ok" else None)

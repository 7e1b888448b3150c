"""One check of production traffic: is it whole, then has it drifted."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitoring.broken.sign import Scene
from monitoring.config import MonitoringConfig
from monitoring.controller.state import Evidence
from monitoring.page.run import Checked, run_evidently
from monitoring.reference import Reference
from monitoring.signals.report import DriftReport, DriftStatistic
from monitoring.triage import Triage, triage
from monitoring.windows import Window

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Check:
    """What one check found; `drift` is None where the window is not fit to be judged.

    `page` is Evidently's run, which measured and tested what `drift` holds; None where an earlier check did.
    """

    health: Triage
    drift: DriftReport | None
    page: Checked | None

    @property
    def statistics(self) -> dict[str, float]:
        """Value of each statistic that was measured, by name."""
        return {found.name: found.value for found in self.drift.statistics} if self.drift else {}

    @property
    def metrics(self) -> dict[str, float]:
        """Value and p-value of each statistic, under the names by which runs of monitoring are compared."""
        found = self.drift.statistics if self.drift else ()
        return {f"drift_{one.name}": one.value for one in found} | {f"drift_{one.name}_p": one.p_value for one in found}

    @property
    def signals(self) -> tuple[dict[str, Any], ...]:
        """Each statistic with its threshold, its p-value and whether it alarms, as JSON takes it."""
        found = self.drift.statistics if self.drift else ()
        return tuple({key: value for key, value in asdict(one).items() if key != "null"} for one in found)

    @property
    def judged(self) -> tuple[dict[str, Any], ...]:
        """Each statistic with its threshold and what it says; one that cannot be judged has neither."""
        if self.drift is None:
            return ()
        told = [
            {"name": one.name, "value": one.value, "threshold": one.threshold, "verdict": _said(one)}
            for one in self.drift.statistics
        ]
        lacking = [{"name": one.name, "verdict": f"cannot judge: {one.needs}"} for one in self.drift.unjudged]
        return (*told, *({"value": None, "threshold": None} | one for one in lacking))

    def evidence(self) -> Evidence:
        """What the controller is to know of it."""
        alarms = [f"{one.name} {one.value:.4f} above {one.threshold:.4f}" for one in self._alarms]
        drift = f"drift: {', '.join(alarms)}" if alarms else ""
        if self.drift is not None and self.drift.verdict == "cannot judge":
            return Evidence("cannot judge", self.drift.needs)
        return Evidence(self.health.verdict, self.health.reason, drift)

    @property
    def _alarms(self) -> list[DriftStatistic]:
        return [one for one in self.drift.statistics if one.alarm] if self.drift else []


def _said(found: DriftStatistic) -> str:
    return "drift" if found.alarm else "no drift"


def check_window(
    reference: Reference,
    window: Window,
    config: MonitoringConfig,
    *,
    now: datetime,
    arrivals: "pd.Series[pd.Timestamp] | None" = None,
    known: DriftReport | None = None,
    note: str = "",
) -> Check:
    """Checks a window of the log of the version that the reference belongs to.

    Args:
        reference: of the package in production.
        window: its newest traffic.
        config: what the domain decides about its monitoring.
        now: the time of the check, with time zone.
        arrivals: times of the domain's latest traffic, by which silence is known; None: those of the window.
        known: what an earlier check has measured of the same window by the same rule; None: it is measured now.
        note: of how the check was tried, for its page.

    Raises:
        MonitoringError: the rows are of another model.
    """
    health = triage(Scene(window, reference, config, now, window.rows["time"] if arrivals is None else arrivals))
    if known is not None and health.verdict == "ok":
        return Check(health, known, None)
    found = run_evidently(reference, window, config, health, note)
    return Check(health, found.drift, found)

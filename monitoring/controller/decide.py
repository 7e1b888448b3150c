"""The controller: what to do about what a check found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitoring.config import MonitoringConfig
from monitoring.errors import MonitoringError
from monitoring.signals.report import DriftReport
from monitoring.triage import Triage


@dataclass(frozen=True)
class MonitorDecision:
    """What to do, and why."""

    action: Literal["nothing", "alert", "retrain"]
    reason: str


def decide(
    triage: Triage,
    drift: DriftReport | None,
    config: MonitoringConfig,
    *,
    last_retrain: datetime | None,
    now: datetime,
) -> MonitorDecision:
    """Turns triage and drift into one action; broken data and preprocessing skew alert a person and never retrain.

    Args:
        triage: what the window is fit for.
        drift: the drift report; None where triage is not "ok".
        config: holds the cooldown.
        last_retrain: when the last retrain ended, in the same time zone awareness as `now`; None: never.
        now: the time of the check.

    Raises:
        MonitoringError: triage is "ok" but no drift was measured.
    """
    if triage.verdict == "insufficient":
        return MonitorDecision("nothing", f"insufficient: {triage.reason}")
    if triage.verdict != "ok":
        return MonitorDecision("alert", f"{triage.verdict}: {triage.reason}")
    if drift is None:
        raise MonitoringError("triage is ok but drift is missing; measure drift before deciding")
    if not drift.drift:
        return MonitorDecision("nothing", "no drift: every statistic is within its threshold")
    alarms = (f"{s.name} {s.value:.4f} above {s.threshold:.4f}" for s in drift.statistics if s.alarm)
    reason = f"drift: {', '.join(alarms)}"
    if last_retrain is not None and _cools_down(now - last_retrain, config):
        return MonitorDecision("nothing", f"{reason}, but cooling down: {_cooldown(last_retrain, config)}")
    return MonitorDecision("retrain", reason)


def _cools_down(since: timedelta, config: MonitoringConfig) -> bool:
    """Whether a retrain that long ago is recent; one of the future only says that the clock was set back."""
    return timedelta(0) <= since < timedelta(hours=config.cooldown_hours)


def _cooldown(last_retrain: datetime, config: MonitoringConfig) -> str:
    until = last_retrain + timedelta(hours=config.cooldown_hours)
    return f"last retrain {last_retrain:%Y-%m-%d %H:%M}, the next not before {until:%Y-%m-%d %H:%M}"

"""One action for each state of the world."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.config import MonitoringConfig
from monitoring.controller import decide
from monitoring.errors import MonitoringError
from monitoring.signals.report import DriftReport, DriftStatistic
from monitoring.triage import Triage, Verdict

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OK = Triage("ok", "200 usable samples of 200")


def report(*, drift: bool) -> DriftReport:
    """A report of one statistic."""
    statistic = DriftStatistic("embedding_mmd2", 0.25 if drift else 0.05, 0.1, 0.002, alarm=drift, null=(0.05,))
    return DriftReport((statistic,), drift, 200, 900, 0.01, "whole groups")


@pytest.mark.parametrize("verdict", ["broken data", "preprocessing skew"])
def test_decide__problems_alert_and_never_retrain(verdict: Verdict) -> None:
    """Even with drift at hand, a triage problem only alerts."""
    decision = decide(Triage(verdict, "why"), report(drift=True), MonitoringConfig(), last_retrain=None, now=NOW)
    assert (decision.action, decision.reason) == ("alert", f"{verdict}: why")


def test_decide__too_little_to_judge() -> None:
    """A window that is not full yet is no reason to call anybody."""
    decision = decide(Triage("insufficient", "why"), None, MonitoringConfig(), last_retrain=None, now=NOW)
    assert (decision.action, decision.reason) == ("nothing", "insufficient: why")


def test_decide__no_drift() -> None:
    """Nothing to do."""
    assert decide(OK, report(drift=False), MonitoringConfig(), last_retrain=None, now=NOW).action == "nothing"


def test_decide__drift_retrains() -> None:
    """The reason names the statistic, its value and its threshold."""
    decision = decide(OK, report(drift=True), MonitoringConfig(), last_retrain=NOW, now=NOW)
    assert decision.action == "retrain"
    assert decision.reason == "drift: embedding_mmd2 0.2500 above 0.1000"


@pytest.mark.parametrize(("hours", "action"), [(5, "nothing"), (6, "retrain")])
def test_decide__cooldown(hours: int, action: str) -> None:
    """Within the cooldown drift starts nothing, at its end it does."""
    last = NOW - timedelta(hours=hours)
    decision = decide(OK, report(drift=True), MonitoringConfig(cooldown_hours=6), last_retrain=last, now=NOW)
    assert decision.action == action
    assert ("the next not before 2026-05-01 13:00" in decision.reason) == (action == "nothing")


def test_decide__clock_was_set_back() -> None:
    """A retrain of the future does not hold up the next one."""
    last = NOW + timedelta(days=365)
    assert decide(OK, report(drift=True), MonitoringConfig(), last_retrain=last, now=NOW).action == "retrain"


def test_decide__drift_missing() -> None:
    """A window that passed triage must be measured."""
    with pytest.raises(MonitoringError, match="drift is missing"):
        decide(OK, None, MonitoringConfig(), last_retrain=None, now=NOW)


def test_decide__names_what_alarms_alone() -> None:
    """Of two statistics only the one above its threshold is a reason."""
    quiet = DriftStatistic("probability_ks", 0.01, 0.2, 0.9, alarm=False, null=(0.05,))
    both = replace(report(drift=True), statistics=(*report(drift=True).statistics, quiet))
    reason = decide(OK, both, MonitoringConfig(), last_retrain=None, now=NOW).reason
    assert reason == "drift: embedding_mmd2 0.2500 above 0.1000"

"""Why a retrain that is called for is not started now."""

from datetime import datetime, timedelta

from monitoring.controller.state import Case

WEEK = timedelta(days=7)
LONGEST_BACKOFF = 28 * 24  # hours
DOUBLINGS = 20


def retrain_held(case: Case) -> str:
    """The first reason to wait; empty: there is none."""
    return next(filter(None, (held(case) for held in HELD)), "")


def kept_still(case: Case) -> str:
    """Why the controller does nothing by itself, whatever it found."""
    muted = case.past.muted
    if muted is not None and case.past.now < muted:
        return f"it is muted until {_minute(muted)}"
    return "policy.mode is observe" if case.policy.mode == "observe" else ""


def asks_a_person(case: Case) -> str:
    """How a person starts what the controller may not start by itself; empty: it may."""
    asked = "policy.mode is approve: `regraft alerts DOMAIN --approve` starts it"
    return asked if case.policy.mode == "approve" else ""


def _broken_circuit(case: Case) -> str:
    idle = case.past.idle
    told = f"the last {idle} retrains changed nothing: a person must look, then `regraft alerts DOMAIN --reset`"
    return told if idle >= case.policy.breaker else ""


def _cools_down(case: Case) -> str:
    return _waits(case, case.past.last, timedelta(hours=case.policy.cooldown_hours), "cooling down")


def _backs_off(case: Case) -> str:
    if not case.past.idle or 0 < case.policy.new_labels <= case.past.labels:
        return ""  # with other labels it may end otherwise; a single one, which comes every hour, changes nothing
    hours = case.policy.backoff_hours * 2.0 ** min(case.past.idle - 1, DOUBLINGS)
    span = timedelta(hours=min(hours, LONGEST_BACKOFF))
    return _waits(case, case.past.tried, span, f"{case.past.idle} retrains changed nothing")


def _waits(case: Case, last: datetime | None, span: timedelta, why: str) -> str:
    """Empty where the span since a retrain is over."""
    now = case.past.now
    if last is None or now >= last + span:
        return ""
    return f"{why}: the last retrain was at {_minute(last)}, the next may be at {_minute(last + span)}"


def _spent(case: Case) -> str:
    past = case.past
    recent = [time for time in past.retrains if past.now - WEEK < time <= past.now]
    over = len(recent) >= case.policy.per_week
    return (
        f"{len(recent)} retrains began within seven days, policy.per_week allows {case.policy.per_week}" if over else ""
    )


def _nothing_new(case: Case) -> str:
    have, need = case.past.labels, case.policy.new_labels
    return f"{have} labels were filed since the last retrain, policy.new_labels asks for {need}" if have < need else ""


def _quiet(case: Case) -> str:
    return (
        f"it is {case.past.hour} o'clock, within the quiet hours {case.policy.quiet}"
        if (case.past.hour in case.policy.quiet_hours)
        else ""
    )


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} {time.tzname()}"


HELD = (kept_still, _broken_circuit, _cools_down, _backs_off, _spent, _nothing_new, _quiet)

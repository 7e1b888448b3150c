"""Why a retrain waits, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.controller.held import retrain_held
from monitoring.controller.policy import PolicyConfig
from monitoring.controller.state import Case, Evidence, Past

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DRIFT = Evidence("ok", "told", drift="drift")


def held(past: Past, **policy: object) -> str:
    """Why a retrain for drift is held."""
    return retrain_held(Case(DRIFT, past, PolicyConfig.model_validate(policy)))


def ago(*hours: float) -> tuple[datetime, ...]:
    """Times before now."""
    return tuple(NOW - timedelta(hours=one) for one in hours)


@pytest.mark.parametrize(("hours", "waits"), [(5.99, True), (6, False), (-1, False)])
def test_retrain_held__cooldown(hours: float, waits: bool) -> None:
    """Until it is over; a retrain of the future only says that the clock was set back."""
    found = held(Past(NOW, retrains=ago(hours)), cooldown_hours=6)
    assert bool(found) == waits
    if waits:
        assert (
            found
            == "cooling down: the last retrain was at 2026-05-01 06:00 UTC, the next may be at 2026-05-01 12:00 UTC"
        )


@pytest.mark.parametrize(("idle", "hours", "waits"), [
    (0, 0, False), (1, 5.9, True), (1, 6, False), (2, 6, True), (2, 12, False), (3, 12, True), (3, 24, False),
    (60, 28 * 24 - 0.1, True), (5000, 28 * 24, False),
])  # fmt: skip
def test_retrain_held__backs_off(idle: int, hours: float, waits: bool) -> None:
    """Twice as long after each retrain that changed nothing, at most four weeks."""
    found = held(Past(NOW, retrains=ago(0), tried=ago(hours)[0], idle=idle), breaker=9000)
    assert bool(found) == waits
    if waits:
        assert found.startswith(f"{idle} retrains changed nothing: the last retrain was at")


@pytest.mark.parametrize(
    ("labels", "new_labels", "waits"), [(0, 0, True), (1, 0, True), (9, 10, True), (10, 10, False)]
)
def test_retrain_held__new_labels_lift_the_back_off(labels: int, new_labels: int, waits: bool) -> None:
    """With other labels it may end otherwise, with as many as the policy asks for; where it asks for none, none do."""
    past = Past(NOW, tried=NOW, idle=2, labels=labels)
    assert ("changed nothing" in held(past, new_labels=new_labels)) == waits


def test_retrain_held__breaker() -> None:
    """A person must look at what never helps."""
    assert not held(Past(NOW, idle=2), breaker=3)
    assert held(Past(NOW, idle=3), breaker=3).startswith("the last 3 retrains changed nothing: a person must look")


def test_retrain_held__budget_of_a_week() -> None:
    """What is seven days old counts no more, nor does what the clock has not come to."""
    past = Past(NOW, retrains=ago(7 * 24, 30, 20, -2))
    assert held(past, per_week=2) == "2 retrains began within seven days, policy.per_week allows 2"
    assert not held(past, per_week=3)


def test_retrain_held__labels() -> None:
    """A retrain that would see nothing new is not started."""
    assert held(Past(NOW, labels=9), new_labels=10) == (
        "9 labels were filed since the last retrain, policy.new_labels asks for 10"
    )
    assert not held(Past(NOW, labels=10), new_labels=10)


def test_retrain_held__quiet_hours() -> None:
    """By the clock on the wall there."""
    assert held(Past(NOW, hour=5), quiet="22-06") == "it is 5 o'clock, within the quiet hours 22-06"
    assert not held(Past(NOW, hour=6), quiet="22-06")


def test_retrain_held__order() -> None:
    """A person's word comes before all."""
    past = Past(NOW, hour=5, idle=9, muted=NOW + timedelta(minutes=1))
    assert held(past, quiet="22-06") == "it is muted until 2026-05-01 12:01 UTC"
    assert held(replace(past, muted=None), quiet="22-06").startswith("the last 9 retrains changed nothing")

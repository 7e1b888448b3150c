"""People are told what is new, and nothing twice."""

from dataclasses import replace
from itertools import count

import pytest

from monitoring.alerts import alerts_of, calls
from registry.ledger.watch.checks import CheckRecord


def checks(*outcomes: str) -> list[CheckRecord]:
    """Checks in their order; "x@2" is of version 2."""
    numbers = count()
    made = []
    for outcome in outcomes:
        name, _, version = outcome.partition("@")
        made.append(
            CheckRecord(
                "photos",
                int(version or 1),
                "w",
                suspect=True,
                outcome=name,
                reason="why",
                key=f"k{next(numbers)}",
                time="2026-05-01T12:00:00",
            )
        )
    return made


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        (["ok"], []), (["retrain"], ["k0"]), (["hold", "hold"], ["k0"]), (["hold", "retrain"], ["k0", "k1"]),
        (["hold", "hold@2"], ["k0", "k1"]), (["hold", "ok", "hold"], ["k0", "k1", "k2"]), (["ok", "watch", "ok"], []),
        (["skew", "cannot judge", "ok"], ["k0", "k2"]), (["broken data", "watch"], ["k0"]), ([], []),
        (["retrain", "watch", "retrain"], ["k0"]), (["retrain", "watch", "ok", "watch"], ["k0", "k2"]),
    ],
)  # fmt: skip
def test_alerts_of__news(outcomes: list[str], told: list[str]) -> None:
    """Something is the matter, something else is, or it is over."""
    assert [check.key for check, _ in alerts_of(checks(*outcomes))] == told


def test_alerts_of__a_question_is_news() -> None:
    """Once: a hold that waits for itself and one that waits for a person are told apart."""
    waits, asks, again = checks("hold", "hold", "hold")
    told = [waits, replace(asks, figures='{"asks": "retrain"}'), replace(again, figures='{"asks": "retrain"}')]
    assert [check.key for check, _ in alerts_of(told)] == ["k0", "k1"]


def test_alerts_of__words() -> None:
    """What is the matter with which domain, and where to look; that it is over."""
    (_, first), (_, second) = alerts_of(checks("broken data", "ok"))
    assert (first.subject, second.subject) == ("Regraft: photos broken data", "Regraft: photos is well again")
    assert first.body == "broken data: why\n\nv1, 2026-05-01T12:00:00 UTC. `regraft status photos`"
    assert first.payload() == {
        "domain": "photos", "version": 1, "outcome": "broken data", "reason": "why", "time": "2026-05-01T12:00:00",
        "key": "k0", "over": False, "subject": "Regraft: photos broken data",
    }  # fmt: skip
    assert second.payload()["over"]


@pytest.mark.parametrize(("outcome", "does"), [("rollback", True), ("watch", False), ("cannot judge", False)])
def test_calls__for_a_person(outcome: str, does: bool) -> None:
    """What a person should know of."""
    assert calls(checks(outcome)[0]) is does
    assert not calls(None)

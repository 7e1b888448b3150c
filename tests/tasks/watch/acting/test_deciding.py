"""A decision is on record with what it rests on, and made anew where another check came in between."""

import json
from dataclasses import replace

import pytest

from monitoring.controller.state import Evidence
from registry.errors import LedgerConflictError
from registry.ledger.events import Events
from registry.ledger.notices import notices
from registry.ledger.watch.checks import Checks
from settings.machine import load_settings
from tasks.watch.acting import deciding
from tasks.watch.acting.deciding import decide_check

pytestmark = pytest.mark.usefixtures("prefect_api", "tracked")


def told() -> list[tuple[str, str]]:
    """What needs a person."""
    return [(one.kind, one.text) for one in notices(Events(load_settings().ledger).latest("photos"), 1)]


def test_decide_check__on_record(plan, seen):
    """Outcome, reason, window and figures; drift is told until a retrain has begun."""
    check = decide_check.fn(plan.domain, seen())
    assert (check.outcome, check.reason, check.window, check.suspect) == (
        "retrain",
        "drift: mmd 0.5 above 0.1",
        "w1",
        True,
    )
    assert json.loads(check.figures)["signals"] == list(seen().signals)
    assert Checks(load_settings().ledger).newest("photos", 9) == [check]
    assert told() == [("check", "retrain: drift: mmd 0.5 above 0.1")]


def test_decide_check__after_others(plan, seen):
    """Each follows the one before; quiet traffic takes back what was told."""
    first = decide_check.fn(plan.domain, seen())
    second = decide_check.fn(plan.domain, seen(Evidence("ok", "60 usable samples"), window="w2"))
    assert (first.outcome, second.outcome, second.suspect) == ("retrain", "ok", False)
    assert told() == []


def test_decide_check__another_came_in_between(plan, seen, monkeypatch):
    """Whoever was overtaken decides with what the other wrote: one retrain is owed, not two."""
    past_of, others = deciding.past_of, iter([True])

    def overtaken(*args):
        found = past_of(*args)
        if next(others, False):
            decide_check.fn(plan.domain, seen(window="w2"))
        return found

    monkeypatch.setattr(deciding, "past_of", overtaken)
    check = decide_check.fn(plan.domain, seen())
    assert (check.outcome, check.reason) == ("watch", "drift: mmd 0.5 above 0.1; a retrain is owed already")
    assert [one.outcome for one in Checks(load_settings().ledger).newest("photos", 9)] == ["retrain", "watch"]


def test_decide_check__always_overtaken(plan, seen, monkeypatch):
    """It gives up after a few tries, and says so."""
    calls = []

    def conflict(*_):
        calls.append(1)
        raise LedgerConflictError("another check")

    monkeypatch.setattr(deciding, "past_of", conflict)
    with pytest.raises(LedgerConflictError):
        decide_check.fn(plan.domain, seen())
    assert len(calls) == deciding.ATTEMPTS


WORSE = Evidence("ok", "60 usable samples", regression="v2 is worse than v1: surely worse")


def with_mode(domain, mode):
    """The domain with another mode."""
    policy = domain.monitoring.policy.model_copy(update={"mode": mode})
    return domain.model_copy(update={"monitoring": domain.monitoring.model_copy(update={"policy": policy})})


def test_decide_check__asks(plan, seen):
    """What a person is asked stands with the check; of what may be done by itself nobody is asked."""
    asked = decide_check.fn(with_mode(plan.domain, "approve"), seen())
    assert (asked.outcome, asked.asks) == ("hold", "retrain")
    assert decide_check.fn(plan.domain, seen(window="w2")).asks == ""


@pytest.mark.parametrize(("mode", "outcome"), [("auto", "rollback"), ("approve", "hold"), ("observe", "hold")])
def test_decide_check__keeps_out(plan, seen, promoted, mode, outcome):
    """A rollback, or the question for one, names the samples that led to it."""
    found = replace(seen(WORSE, version=2), withheld=("a", "b"))
    check = decide_check.fn(with_mode(plan.domain, mode), found)
    assert check.outcome == outcome
    assert json.loads(check.figures).get("withheld") == (None if mode == "observe" else ["a", "b"])

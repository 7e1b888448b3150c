"""What needs a person is told until it is dealt with, with the command that does."""

from dataclasses import replace

import pytest

from registry.ledger.events import Event
from registry.ledger.notices import notices, stress_state, unstressed

BEFORE, NOW, LATER = (f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3))
BASE = Event("photos", "retrain", "begun", remedy="regraft retrain photos", process="elsewhere:1", time=NOW)


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process that has begun something is gone."""
    monkeypatch.setattr(Event, "lives", property(lambda event: False))


def event(kind: str, outcome: str, version: int = 0, **more: str) -> Event:
    """An event of a process that lives on another machine."""
    return replace(BASE, kind=kind, outcome=outcome, version=version, **more)


def texts(*events: Event, champion: int | None = 1) -> list[str]:
    """What a person is told."""
    return [found.text for found in notices(events, champion)]


def test_notices__nothing_open():
    """What runs, what was done and a check that found nothing need nobody."""
    assert texts(event("retrain", "done"), event("check", "nothing"), event("monitor", "begun")) == []


def test_notices__what_a_person_should_do():
    """Since when, what it is, and the command."""
    (found,) = notices([event("retrain", "failed", text="no room")], 1)
    assert vars(found) == {
        "kind": "retrain", "since": NOW, "text": "the retrain failed: no room", "remedy": "regraft retrain photos",
    }  # fmt: skip
    assert texts(event("check", "alert", text="broken: a stuck camera")) == ["broken: a stuck camera"]
    assert texts(event("approval", "waits", 3, text="the approval of Ada")) == ["v3 waits for the approval of Ada"]


@pytest.mark.usefixtures("gone")
def test_notices__cut_off():
    """What has begun or waits in no process any more says so; an approval is asked for anew by a promotion."""
    found = notices([event("retrain", "begun"), event("approval", "waits", 3), event("stress", "begun", 3)], 1)
    assert [one.text.split(" was cut off")[0] for one in found] == [
        "the retrain", "the approval of v3", "the stress test of v3",
    ]  # fmt: skip
    assert [one.remedy for one in found][1] == "regraft promote photos 3"


@pytest.mark.usefixtures("gone")
def test_notices__approval_of_the_past():
    """Nobody is sent to an approval that was cut off once a later version asks for one or is in production."""
    cut_off = [event("approval", "waits", version) for version in (2, 3)]
    assert [text[:18] for text in texts(*cut_off)] == ["the approval of v3"]
    assert texts(*cut_off, champion=3) == []


def test_notices__drift_until_a_retrain():
    """Drift needs a person until a retrain has begun after it."""
    drift = event("check", "retrain", text="drift: KS")
    assert texts(drift) == texts(event("retrain", "done"), drift) == ["drift: KS"]
    assert texts(drift, event("retrain", "begun")) == []


def test_notices__order_of_rows_not_of_clocks():
    """A clock that was set back between two events does not turn them round."""
    drift = event("check", "retrain", text="drift: KS")
    assert texts(drift, event("retrain", "begun", time=BEFORE)) == []
    assert texts(event("retrain", "begun", time=LATER), drift) == ["drift: KS"]


@pytest.mark.usefixtures("gone")
def test_unstressed__versions_that_matter():
    """The champion and the newest version; not those in between, nor what is done."""
    events = [event("stress", outcome, version) for version, outcome in ((1, "begun"), (2, "begun"), (3, "failed"))]
    assert unstressed(events, champion=1) == [1, 3]
    assert unstressed(events, champion=2) == [2, 3]
    assert len(notices(events, champion=1)) == 2
    assert unstressed([event("stress", "done", 1)], champion=1) == []


def test_unstressed__done_by_somebody_else():
    """What another process is at is left to it; what this one has announced is not."""
    assert unstressed([event("stress", "begun", 1)], champion=1) == []


def test_stress_state(monkeypatch):
    """Done, under way, failed and never asked for are told apart."""
    assert stress_state([], 1) == "none was run"
    assert stress_state([event("stress", "done", 1)], 1) == ""
    assert stress_state([event("stress", "begun", 1)], 1) == "it runs now"
    failed = event("stress", "failed", 1, text="no room")
    assert stress_state([failed], 1) == "the stress test of v1 failed: no room; regraft retrain photos"

"""Events are added and never changed; what has begun in a process that is gone can be told."""

import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.errors import LedgerError
from registry.ledger.events import TEXT_LENGTH, Event, Events, told
from registry.ledger.history import NOTHING
from registry.ledger.ledger import Change, Ledger

RETRAIN = Event("photos", "retrain", "begun", remedy="regraft retrain photos")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    path = f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgresql")) if request.param == "postgresql" else path


@pytest.fixture
def events(tmp_path: Path) -> Events:
    """Events of their own."""
    return Events(f"sqlite:///{tmp_path / 'ledger.db'}")


def clock_off_by(difference: timedelta) -> type[datetime]:
    """A clock that goes wrong by so much."""

    class Clock(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) + difference

    return Clock


def test_latest__newest_of_each_kind_and_version(url: str) -> None:
    """Later rows stand for earlier ones of their kind and version; other domains have their own."""
    events = Events(url)
    stress = Event("photos", "stress", "begun", 2)
    for event in (
        RETRAIN,
        stress,
        replace(stress, version=3),
        replace(stress, outcome="done"),
        replace(RETRAIN, domain="a"),
    ):
        events.add(event)
    found = [(event.kind, event.outcome, event.version) for event in events.latest("photos")]
    assert found == [("retrain", "begun", 0), ("stress", "begun", 3), ("stress", "done", 2)]
    assert events.latest("nothing") == []


def test_latest__after_a_removal(tmp_path: Path, events: Events) -> None:
    """What came before a domain was removed is history."""
    events.add(RETRAIN)
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": ""}
    Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").append(Change("photos", "remove", None, NOTHING, **facts))
    assert events.latest("photos") == []
    events.add(RETRAIN)
    assert [event.kind for event in events.latest("photos")] == ["retrain"]


@pytest.mark.parametrize("days", [365, -365])
def test_latest__clock_was_set_between(days: int, tmp_path: Path, events: Events, monkeypatch) -> None:
    """A removal under another clock ends what was before it, and nothing of what comes after."""
    events.add(RETRAIN)
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": ""}
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with monkeypatch.context() as patched:
        patched.setattr("registry.ledger.ledger.datetime", clock_off_by(timedelta(days=days)))
        ledger.append(Change("photos", "remove", None, NOTHING, **facts))
    assert events.latest("photos") == []
    added = events.add(RETRAIN)
    assert events.latest("photos") == [added]


def test_told__done_and_failed(events: Events) -> None:
    """The end is told by its outcome, with the first line of what went wrong; the error itself goes on."""
    with told(events, RETRAIN):
        assert [(event.outcome, event.lives, event.is_mine) for event in events.latest("photos")] == [
            ("begun", True, True)
        ]
    assert events.latest("photos")[0].outcome == "done"
    with pytest.raises(ValueError, match="no room"), told(events, RETRAIN):
        raise ValueError("no room\nat all" + "x" * TEXT_LENGTH)
    assert (events.latest("photos")[0].outcome, events.latest("photos")[0].text) == ("failed", "no room")
    with pytest.raises(KeyboardInterrupt), told(events, RETRAIN):
        raise KeyboardInterrupt
    assert events.latest("photos")[0].text == "it was interrupted"


def test_told__ledger_away(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the end cannot be written, too, what went wrong first is what is raised."""
    with pytest.raises(ValueError, match="first"), told(events, RETRAIN):
        monkeypatch.setattr(Events, "add", _refuse)
        raise ValueError("first")


def _refuse(events: Events, event: Event) -> Event:
    raise LedgerError("the database is away")


def test_lives__killed(events: Events, tmp_path: Path) -> None:
    """A run whose process was killed in the middle is told from one that runs."""
    process = multiprocessing.get_context("fork").Process(target=_die, args=(events,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (found,) = events.latest("photos")
    assert (found.outcome, found.lives, found.is_mine) == ("begun", False, False)


def _die(events: Events) -> None:
    with told(events, RETRAIN):
        os.kill(os.getpid(), signal.SIGKILL)


def test_lives__number_given_to_another_process(events: Events) -> None:
    """After a reboot another process may have the number; of those on another machine nothing is known."""
    event, before = events.add(RETRAIN), (datetime.now(UTC) - timedelta(days=900)).isoformat()
    assert not replace(event, time=before).lives
    assert replace(event, time=before, process="elsewhere:1").lives


def test_of_kind__history(events: Events) -> None:
    """All of one kind in their order, or the last ones; not those of other kinds and domains."""
    for event in (
        RETRAIN,
        replace(RETRAIN, kind="monitor"),
        replace(RETRAIN, outcome="done"),
        replace(RETRAIN, domain="a"),
    ):
        events.add(event)
    assert [event.outcome for event in events.of_kind("photos", "retrain", 9)] == ["begun", "done"]
    assert [event.outcome for event in events.of_kind("photos", "retrain", 1)] == ["done"]

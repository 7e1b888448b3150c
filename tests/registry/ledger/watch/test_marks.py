"""What people say is kept; the newest of a kind counts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.ledger.history import NOTHING
from registry.ledger.ledger import Change, Ledger
from registry.ledger.watch.marks import Mark, Marks


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An empty database."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def test_latest__newest_of_each_kind(url: str) -> None:
    """Of two mutes the later one; other domains have their own."""
    marks = Marks(url)
    for mark in (
        Mark("photos", "mute", "a", "me"),
        Mark("photos", "mute", "b", "me", "night"),
        Mark("x", "reset", "", "me"),
    ):
        marks.add(mark)
    found = marks.latest("photos")
    assert [(kind, mark.subject, mark.reason) for kind, mark in found.items()] == [("mute", "b", "night")]
    assert found["mute"].time


def test_latest__removed_domain(url: str) -> None:
    """A domain that is made anew is not muted."""
    marks, ledger = Marks(url), Ledger(url)
    ledger.append(Change("photos", "promote", None, 1, "me", "r", "", "d"))
    marks.add(Mark("photos", "mute", "a", "me"))
    ledger.append(Change("photos", "remove", 1, NOTHING, "me", "r", "", ""))
    assert marks.latest("photos") == {}


def test_latest__until(url: str) -> None:
    """What had been said by a time."""
    marks = Marks(url)
    marks.add(Mark("photos", "mute", "a", "me"))
    then = datetime.now(UTC)
    marks.add(Mark("photos", "mute", "b", "me"))
    assert marks.latest("photos", then)["mute"].subject == "a"
    assert marks.latest("photos", datetime(2020, 1, 1, tzinfo=UTC)) == {}

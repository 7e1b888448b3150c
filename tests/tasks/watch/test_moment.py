"""What was in production at a moment."""

from datetime import UTC, datetime, timedelta

from registry.ledger.history import NOTHING
from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings
from tasks.watch.moment import Moment, champion_of


def test_champion_of__then_and_now(promoted):
    """v2 by now, v1 before it, nothing before that; each with the time of its row."""
    rows = Ledger(load_settings().ledger).entries("photos")
    came = [datetime.fromisoformat(row.time) for row in rows]
    now = champion_of("photos", Moment.present())
    then = champion_of("photos", Moment.past(came[1] - timedelta(microseconds=1)))
    assert [(one.found.version, one.since) for one in (now, then)] == [(2, came[1]), (1, came[0])]
    assert champion_of("photos", Moment.past(came[0] - timedelta(seconds=1))) is None


def test_champion_of__removed(promoted):
    """A domain that was removed has none; before, it had."""
    then = datetime.now(UTC)
    Ledger(load_settings().ledger).append(Change("photos", "remove", 2, NOTHING, "me", "r", "", ""))
    assert champion_of("photos", Moment.present()) is None
    assert champion_of("photos", Moment.past(then)).found.version == 2


def test_champion_of__clock_set_back(promoted):
    """A row of the future is what is in production now."""
    assert champion_of("photos", Moment(datetime(2020, 1, 1, tzinfo=UTC))).found.version == 2

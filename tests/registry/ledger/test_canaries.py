"""Canaries as events."""

from datetime import timedelta

from registry.ledger.canaries import begin_canary, end_canary, has_been_canary, open_canary
from registry.ledger.events import Events
from registry.ledger.notices import notices


def test_canary__from_beginning_to_end(tmp_path):
    """It is open until it ends, and ends once; a second beginning of the same one changes nothing."""
    events = Events(f"sqlite:///{tmp_path}/ledger.db")
    assert open_canary(events, "photos") is None
    begin_canary(events, "photos", 2)
    canary = open_canary(events, "photos")
    begin_canary(events, "photos", 2)
    assert open_canary(events, "photos") == canary
    assert canary.hours(canary.since + timedelta(minutes=90)) == 1.5
    assert [(one.text[:35], one.remedy) for one in notices(events.latest("photos"), 1)] == [
        ("v2 answers a share of the requests ", "regraft canary photos shows how it stands")
    ]
    assert end_canary(events, canary, "WITHDRAW", "it is worse")
    assert not end_canary(events, canary, "HOLD", "too late")
    assert open_canary(events, "photos") is None
    assert has_been_canary(events, "photos", 2)
    assert notices(events.latest("photos"), 1) == []


def test_begin_canary__takes_the_place_of_another(tmp_path):
    """One at a time: the newer challenger, and a person is told what became of the other until there is a newer one."""
    events = Events(f"sqlite:///{tmp_path}/ledger.db")
    begin_canary(events, "photos", 2)
    begin_canary(events, "photos", 3)
    assert open_canary(events, "photos").version == 3
    assert has_been_canary(events, "photos", 2)
    end_canary(events, open_canary(events, "photos"), "HOLD", "time is over")
    assert [one.text for one in notices(events.latest("photos"), 1)] == ["HOLD: time is over"]
    assert notices(events.latest("photos"), 4) == []


def test_open_canary__of_a_version_that_was_one_before(tmp_path):
    """A version may be canary again."""
    events = Events(f"sqlite:///{tmp_path}/ledger.db")
    begin_canary(events, "photos", 2)
    first = open_canary(events, "photos")
    end_canary(events, first, "HOLD", "stopped")
    begin_canary(events, "photos", 2)
    assert open_canary(events, "photos").since > first.since

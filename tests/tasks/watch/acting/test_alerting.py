"""Every channel is told once, and again only where it failed."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Mark, Marks
from settings.machine import load_settings
from tasks.watch.acting import alerting
from tasks.watch.acting.alerting import alert

HOLD = CheckRecord("photos", 1, "w", suspect=True, outcome="hold", reason="drift, but muted")


@pytest.fixture
def told(project, monkeypatch) -> list[str]:
    """What went through a channel `good`; one called `bad` fails until it is taken out of the set `broken`."""
    got: list[str] = []

    def through(name: str, _send: object, news) -> bool:
        got.append(f"{name}: {news.subject}")
        return name not in broken

    monkeypatch.setattr(alerting, "channels", lambda _: {"good": None, "bad": None})
    monkeypatch.setattr(alerting, "sent", through)
    return got


broken = {"bad"}


def test_alert__each_channel_once(told, caplog) -> None:
    """What went through is not sent again, what failed is."""
    checks = Checks(load_settings().ledger)
    checks.add(HOLD, "")
    with caplog.at_level(logging.WARNING):
        alert.fn("photos"), alert.fn("photos")
    assert told == ["good: Regraft: photos hold", "bad: Regraft: photos hold", "bad: Regraft: photos hold"]
    assert caplog.text.count("Regraft: photos hold: drift, but muted") == 1
    assert checks.newest("photos", 1)[0].alerted == "good,log"


def test_alert__muted(told, project) -> None:
    """Nobody is told until the time is over; then it is made up for."""
    settings = load_settings()
    Checks(settings.ledger).add(HOLD, "")
    for minutes, count in ((5, 0), (-1, 2)):
        until = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        Marks(settings.ledger).add(Mark("photos", "mute", until, "me"))
        alert.fn("photos")
        assert len(told) == count


def test_alert__what_is_old_is_told_no_more(told, monkeypatch) -> None:
    """A channel that comes back after days is not flooded."""
    Checks(load_settings().ledger).add(HOLD, "")
    monkeypatch.setattr(alerting, "PATIENCE", timedelta(0))
    alert.fn("photos")
    assert told == []


def test_alert__a_storm_is_one_alert(told) -> None:
    """A thousand checks of the same are told once."""
    checks, before = Checks(load_settings().ledger), ""
    for number in range(100):
        before = checks.add(replace(HOLD, window=str(number)), before).key
        if number == 0:
            alert.fn("photos")
    alert.fn("photos")
    assert told.count("good: Regraft: photos hold") == 1

"""What came before a check is read off the ledger's database and the filed labels."""

import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.ledger.events import Event, Events
from registry.ledger.watch.checks import CheckRecord
from registry.ledger.watch.marks import Mark, Marks
from registry.ledger.watch.retrains import ASKED
from settings.machine import load_settings
from tasks.watch.moment import Moment
from tasks.watch.past import past_of

pytestmark = pytest.mark.usefixtures("tracked")


@pytest.fixture
def past(plan, seen):
    """What came before a check of v1's window w1 by earlier checks, now or at a time."""

    def found(checks=(), moment=None, *, version=1, domain=None, began=""):
        shown = seen(version=version, window="w1", kept={"began": began})
        return past_of(domain or plan.domain, shown, checks, moment or Moment.present())

    return found


def check(
    window: str, *, suspect: bool = True, version: int = 1, outcome: str = "watch", delivery: str = ""
) -> CheckRecord:
    """An earlier check."""
    return CheckRecord("photos", version, window, suspect, outcome, "why", delivery=delivery)


def tell(*outcomes: str) -> None:
    """Events of retrains by this process."""
    for outcome in outcomes:
        text = f"{ASKED}abc" if outcome == "begun" else ""
        Events(load_settings().ledger).add(Event("photos", "retrain", outcome, text=text))


def test_past_of__nothing(past):
    """A domain that has never been checked or retrained."""
    found = past()
    assert (found.suspects, found.retrains, found.idle, found.labels) == ([], [], 0, 0)
    assert (found.way_back, found.muted, found.under_way) == (None, None, "")
    assert found.hour == found.now.hour


def test_past_of__hour_of_the_domain(plan, past):
    """Quiet hours are by the clock on the wall there."""
    away = plan.domain.model_copy(
        update={"schedule": plan.domain.schedule.model_copy(update={"timezone": "Etc/GMT-5"})}
    )
    found = past(domain=away)
    assert found.hour == (found.now.hour + 5) % 24


def test_past_of__suspects(past):
    """Of this champion, and of windows that share no sample with the present one or each other."""
    told = [("a", 9, 1, 2), ("a", 1, 1, 2), ("b", 1, 1, 3), ("c", 1, 3, 5), ("w1", 1, 4, 6)]
    checks = [
        replace(
            check(window, version=version), time=f"2026-05-0{at}", figures=json.dumps({"began": f"2026-05-0{began}"})
        )
        for window, version, began, at in told
    ]
    checks[1] = replace(checks[1], suspect=False)
    assert past(checks, began="2026-05-06").suspects == [False, True]
    assert past(checks, began="2026-05-04").suspects == [True]


def test_past_of__retrains(past):
    """When they began, and how many in a row changed nothing; a reset ends the counting."""
    tell("begun", "done", "begun", "nothing", "done", "begun", "failed")
    found = past()
    assert (len(found.retrains), found.idle, found.under_way) == (3, 2, "")
    assert found.tried == found.retrains[-1]
    Marks(load_settings().ledger).add(Mark("photos", "reset", "", "me"))
    assert past().idle == 0
    tell("begun")
    assert past().under_way.startswith("the retrain of ")


@pytest.mark.parametrize(
    ("earlier", "told"),
    [
        (check("a", outcome="retrain"), "a retrain is owed already"),
        (check("a", outcome="retrain", delivery="run"), ""),
        (check("w1", outcome="retrain", delivery="run"), "the same traffic has started a retrain already"),
        (check("w1", outcome="retrain", delivery="run", version=2), ""),
        (check("w1", outcome="hold"), ""),
    ],
)
def test_past_of__under_way(past, earlier, told):
    """One retrain at a time, and one a window."""
    assert past([earlier]).under_way == told


def test_past_of__labels(past, project):
    """Rows of tables that were filed since the last retrain."""
    folder = project / "data" / "feedback" / "photos"
    folder.mkdir(parents=True)
    (folder / "old.csv").write_text("path,label\na,dark\n")
    os.utime(folder / "old.csv", (time.time() - 100, time.time() - 100))
    assert past().labels == 1
    tell("begun", "done")
    (folder / "new.csv").write_text("path,label\na,dark\nb,light\n")
    os.utime(folder / "new.csv", (time.time() + 100, time.time() + 100))
    assert past().labels == 2


def test_past_of__muted_and_way_back(past, promoted):
    """Until when it is to keep still, and where a rollback leads."""
    until = datetime.now(UTC) + timedelta(hours=1)
    Marks(load_settings().ledger).add(Mark("photos", "mute", until.isoformat(), "me"))
    found = past(version=2)
    assert (found.muted, found.way_back) == (until, 1)


def test_past_of__by_hand(past):
    """A retrain that no check asked for is one, but backs off nothing."""
    for outcome in ("begun", "nothing", "done"):
        Events(load_settings().ledger).add(Event("photos", "retrain", outcome))
    found = past()
    assert (len(found.retrains), found.idle, found.tried) == (1, 0, None)


def test_past_of__at_a_time(past, project):
    """What came later counts for nothing: labels, marks, retrains and their end."""
    folder = project / "data" / "feedback" / "photos"
    folder.mkdir(parents=True)
    (folder / "later.csv").write_text("path,label\na,dark\n")
    tell("begun")
    then = Moment.past(datetime.now(UTC))
    os.utime(folder / "later.csv", (time.time() + 100, time.time() + 100))
    tell("done", "begun", "done")
    Marks(load_settings().ledger).add(Mark("photos", "mute", datetime.now(UTC).isoformat(), "me"))
    found = past(moment=then)
    assert (len(found.retrains), found.labels, found.muted) == (1, 0, None)
    assert found.under_way.startswith("the retrain of ")
    assert (len(past().retrains), past().labels, past().under_way) == (2, 1, "")


@pytest.mark.parametrize(
    ("utc", "hour"),
    [
        ("2026-03-29T00:30", 1),
        ("2026-03-29T01:30", 3),
        ("2026-10-25T00:30", 2),
        ("2026-10-25T01:30", 2),
        ("2026-06-01T23:00", 1),
    ],
)
def test_past_of__summer_time(plan, past, utc, hour):
    """The night on which an hour is left out, and the one on which it comes twice."""
    berlin = plan.domain.schedule.model_copy(update={"timezone": "Europe/Berlin"})
    moment = Moment.past(datetime.fromisoformat(utc).replace(tzinfo=UTC))
    assert past(moment=moment, domain=plan.domain.model_copy(update={"schedule": berlin})).hour == hour

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
from settings.machine import load_settings
from tasks.watch.past import past_of

pytestmark = pytest.mark.usefixtures("tracked")


def check(
    window: str, *, suspect: bool = True, version: int = 1, outcome: str = "watch", delivery: str = ""
) -> CheckRecord:
    """An earlier check."""
    return CheckRecord("photos", version, window, suspect, outcome, "why", delivery=delivery)


def tell(*outcomes: str) -> None:
    """Events of retrains by this process."""
    for outcome in outcomes:
        Events(load_settings().ledger).add(Event("photos", "retrain", outcome))


def test_past_of__nothing(plan):
    """A domain that has never been checked or retrained."""
    found = past_of(plan.domain, 1, "w1", [])
    assert (found.suspects, found.retrains, found.idle, found.labels) == ([], [], 0, 0)
    assert (found.way_back, found.muted, found.under_way) == (None, None, "")
    assert found.hour == found.now.hour


def test_past_of__hour_of_the_domain(plan):
    """Quiet hours are by the clock on the wall there."""
    away = plan.domain.model_copy(
        update={"schedule": plan.domain.schedule.model_copy(update={"timezone": "Etc/GMT-5"})}
    )
    found = past_of(away, 1, "w1", [])
    assert found.hour == (found.now.hour + 5) % 24


def test_past_of__suspects(plan):
    """Of this champion, and of windows that share no sample with the present one or each other."""
    told = [("a", 9, 1, 2), ("a", 1, 1, 2), ("b", 1, 1, 3), ("c", 1, 3, 5), ("w1", 1, 4, 6)]
    checks = [
        replace(
            check(window, version=version), time=f"2026-05-0{at}", figures=json.dumps({"began": f"2026-05-0{began}"})
        )
        for window, version, began, at in told
    ]
    checks[1] = replace(checks[1], suspect=False)
    assert past_of(plan.domain, 1, "w1", checks, "2026-05-06").suspects == [False, True]
    assert past_of(plan.domain, 1, "w1", checks, "2026-05-04").suspects == [True]


def test_past_of__retrains(plan):
    """When they began, and how many in a row changed nothing; a reset ends the counting."""
    tell("begun", "done", "begun", "nothing", "done", "begun", "failed")
    found = past_of(plan.domain, 1, "w1", [])
    assert (len(found.retrains), found.idle, found.under_way) == (3, 2, "")
    Marks(load_settings().ledger).add(Mark("photos", "reset", "", "me"))
    assert past_of(plan.domain, 1, "w1", []).idle == 0
    tell("begun")
    assert past_of(plan.domain, 1, "w1", []).under_way.startswith("the retrain of ")


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
def test_past_of__under_way(plan, earlier, told):
    """One retrain at a time, and one a window."""
    assert past_of(plan.domain, 1, "w1", [earlier]).under_way == told


def test_past_of__labels(plan, project):
    """Rows of tables that were filed since the last retrain."""
    folder = project / "data" / "feedback" / "photos"
    folder.mkdir(parents=True)
    (folder / "old.csv").write_text("path,label\na,dark\n")
    os.utime(folder / "old.csv", (time.time() - 100, time.time() - 100))
    assert past_of(plan.domain, 1, "w1", []).labels == 1
    tell("begun", "done")
    (folder / "new.csv").write_text("path,label\na,dark\nb,light\n")
    os.utime(folder / "new.csv", (time.time() + 100, time.time() + 100))
    assert past_of(plan.domain, 1, "w1", []).labels == 2


def test_past_of__muted_and_way_back(plan, promoted):
    """Until when it is to keep still, and where a rollback leads."""
    until = datetime.now(UTC) + timedelta(hours=1)
    Marks(load_settings().ledger).add(Mark("photos", "mute", until.isoformat(), "me"))
    found = past_of(plan.domain, 2, "w1", [])
    assert (found.muted, found.way_back) == (until, 1)

"""What retrains came to can be read off their events."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.ledger.events import Event
from registry.ledger.watch.retrains import Retrain, idle, retrains_of
from settings.processes import here

NOW = datetime.now(UTC)


def event(outcome: str, minute: int, process: str = "gone:1") -> Event:
    """An event of a retrain, so many minutes from now."""
    return Event("photos", "retrain", outcome, process=process, time=(NOW + timedelta(minutes=minute)).isoformat())


@pytest.mark.parametrize(
    ("outcomes", "changed"),
    [
        (["begun", "done"], [True]), (["begun", "nothing", "done"], [False]), (["begun", "failed"], [False]),
        (["begun", "done", "nothing"], [False]), (["begun", "nothing", "done", "begun", "done"], [False, True]),
        (["done", "begun", "done"], [True]), ([], []),
    ],
)  # fmt: skip
def test_retrains_of__what_they_changed(outcomes: list[str], changed: list[bool]) -> None:
    """One that said that nothing came of it, or failed, changed nothing; a beginning may lie further back."""
    found = retrains_of([event(outcome, place) for place, outcome in enumerate(outcomes)])
    assert [one.changed for one in found] == changed
    assert not any(one.runs for one in found)


def test_retrains_of__one_that_runs() -> None:
    """As long as its process lives and it has told no end."""
    mine = event("begun", 0, here())
    dead = event("begun", 0, here().rpartition(":")[0] + ":999999")
    assert [one.runs for one in retrains_of([mine])] == [True]
    assert [one.runs for one in retrains_of([dead])] == [False]
    assert retrains_of([mine, event("done", 1)]) == [Retrain(NOW, runs=False, changed=True)]


def test_idle__in_a_row() -> None:
    """Counted back to the last one that changed something, or to a reset; one that runs does not count."""
    told = [(0, True), (1, False), (2, False)]
    retrains = [Retrain(NOW + timedelta(minutes=place), runs=False, changed=changed) for place, changed in told]
    assert idle(retrains, None) == 2
    assert idle([*retrains, Retrain(NOW + timedelta(minutes=3), runs=True, changed=False)], None) == 2
    assert idle(retrains, NOW + timedelta(minutes=1)) == 1
    assert idle(retrains[1:], None) == 2
    assert idle([], None) == 0

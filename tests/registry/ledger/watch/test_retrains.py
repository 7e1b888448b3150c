"""What retrains came to can be read off their events."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.ledger.events import Event
from registry.ledger.watch.retrains import ASKED, Retrain, idle, retrains_of
from settings.processes import here

NOW = datetime.now(UTC)


def event(outcome: str, minute: int, process: str = "gone:1", text: str = "") -> Event:
    """An event of a retrain, so many minutes from now."""
    time = (NOW + timedelta(minutes=minute)).isoformat()
    return Event("photos", "retrain", outcome, text=text, process=process, time=time)


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


def test_retrains_of__who_asked() -> None:
    """A check, or somebody else."""
    found = retrains_of([event("begun", 0, text=f"{ASKED}abc"), event("done", 1), event("begun", 2), event("done", 3)])
    assert [one.asked for one in found] == [True, False]


def test_retrains_of__at_a_time() -> None:
    """What came later is not known; one that ended later ran then, one that was cut off did not."""
    told = [
        event("begun", 0),
        event("done", 1),
        event("begun", 2),
        event("nothing", 4),
        event("begun", 6, here().rpartition(":")[0] + ":999999"),
        event("begun", 9),
    ]

    def at(minute: float) -> list[tuple[bool, bool]]:
        """How those stood that had begun."""
        return [(one.runs, one.changed) for one in retrains_of(told, NOW + timedelta(minutes=minute))]

    assert at(-1) == []
    assert at(0.5) == [(True, False)]
    assert at(1) == [(False, True)]
    assert at(3) == [(False, True), (True, False)]
    assert at(7) == [(False, True), (False, False), (False, False)]


def retrain(minute: int, *, changed: bool = False, asked: bool = True, runs: bool = False) -> Retrain:
    """One that began so many minutes from now."""
    return Retrain(NOW + timedelta(minutes=minute), runs=runs, changed=changed, asked=asked)


def test_idle__in_a_row() -> None:
    """Counted back to the last one that changed something, or to a reset; one that runs does not count."""
    retrains = [retrain(0, changed=True), retrain(1), retrain(2)]
    assert idle(retrains, None) == 2
    assert idle([*retrains, retrain(3, runs=True)], None) == 2
    assert idle(retrains, NOW + timedelta(minutes=1)) == 1
    assert idle(retrains[1:], None) == 2
    assert idle([], None) == 0


def test_idle__asked_for_by_checks() -> None:
    """What a person or the schedule starts says nothing of the controller's, unless it changed something."""
    assert idle([retrain(0), retrain(1, asked=False), retrain(2)], None) == 2
    assert idle([retrain(0), retrain(1, asked=False, changed=True), retrain(2)], None) == 1
    assert idle([retrain(0, asked=False)], None) == 0

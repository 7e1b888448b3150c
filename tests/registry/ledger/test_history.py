"""What a rollback returns to, and which versions are in quarantine."""

from pathlib import Path

import pytest

from registry.ledger.history import quarantined, ways_back
from registry.ledger.ledger import Change, Ledger

FACTS = {"actor": "ann", "reason": "better", "evidence": "", "dataset_version": "md5.dir"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_ways_back__after_rollback_and_forward(ledger: Ledger) -> None:
    """1, 2, back to 1, forward to 2: what was rolled back is no way back, and taking that back finds 1 sound."""
    seen = []
    for action, expected, to in [("promote", None, 1), ("promote", 1, 2), ("rollback", 2, 1), ("rollback", 1, 2)]:
        ledger.append(Change("solar", action=action, expected=expected, to=to, **FACTS))
        seen.append((ledger.champion("solar"), ways_back(ledger.entries("solar"))))
    assert seen == [(1, []), (2, [1]), (1, []), (2, [1])]
    assert [entry.action for entry in ledger.entries("solar")] == ["promote", "promote", "rollback", "rollback"]


def test_quarantined__rolled_back_once_more(ledger: Ledger) -> None:
    """Taking a rollback back clears its version only until it is rolled back again."""
    steps = [("promote", None, 1), ("promote", 1, 2), ("rollback", 2, 1), ("rollback", 1, 2), ("rollback", 2, 1)]
    seen = []
    for action, expected, to in steps:
        ledger.append(Change("solar", action=action, expected=expected, to=to, **FACTS))
        seen.append(list(quarantined(ledger.entries("solar"))))
    assert seen == [[], [], [2], [], [2]]


def test_ways_back__passes_over_quarantine(ledger: Ledger) -> None:
    """Each rollback goes further back: after 1, 2, 3 to 2 and then to 1, which has nothing before it."""
    steps = [("promote", None, 1), ("promote", 1, 2), ("promote", 2, 3), ("rollback", 3, 2), ("rollback", 2, 1)]
    seen = []
    for action, expected, to in steps:
        ledger.append(Change("solar", action=action, expected=expected, to=to, **FACTS))
        seen.append(ways_back(ledger.entries("solar")))
    assert seen == [[], [1], [2, 1], [1], []]

"""What a rollback returns to, and which versions are in quarantine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.ledger.history import NOTHING, quarantined, term_began, ways_back
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


def test_since_removal__a_new_domain_of_the_name(ledger: Ledger) -> None:
    """After a removal nothing is in production, nothing in quarantine and no way leads back; the chain stays whole."""
    steps = [("promote", None, 1), ("promote", 1, 2), ("rollback", 2, 1), ("remove", 1, NOTHING)]
    for action, expected, to in steps:
        ledger.append(Change("solar", action=action, expected=expected, to=to, **FACTS))
    assert (ledger.champion("solar"), quarantined(ledger.entries("solar")), ways_back(ledger.entries("solar"))) == (
        None,
        {},
        [],
    )
    assert ledger.at("solar", datetime.now(UTC)) is None
    ledger.append(Change("solar", action="promote", expected=None, to=2, **FACTS))
    assert (ledger.champion("solar"), len(ledger.present("solar")), len(ledger.entries("solar"))) == (2, 1, 5)
    assert ledger.verify("solar").fault is None


def test_term_began__of_the_present_champion(ledger: Ledger) -> None:
    """It begins with the row that put it there, a rollback, too; nothing is in production before the first row."""
    assert term_began(ledger.entries("solar")) is None
    for action, expected, to in [("promote", None, 1), ("promote", 1, 2), ("rollback", 2, 1)]:
        ledger.append(Change("solar", action=action, expected=expected, to=to, **FACTS))
    last = ledger.entries("solar")[-1]
    assert term_began(ledger.entries("solar")) == datetime.fromisoformat(last.time)
    ledger.append(Change("solar", action="remove", expected=1, to=NOTHING, **FACTS))
    assert term_began(ledger.entries("solar")) is None

"""Every use of a test set is counted once, whoever asks and however often."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import LedgerError
from registry.gate.spending import Turn
from registry.ledger.database import for_writing, open_engine
from registry.ledger.looks import Asked, Looks

ASKED = Asked(domain="photos", generation=0, test_set="a" * 64, question="auc", version=2, champion=1)


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    """A record of its own."""
    return Looks(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_take__numbers_uses_and_comparisons(looks: Looks) -> None:
    """A first model is a use and no comparison; challengers are counted as both."""
    taken = [
        looks.take(replace(ASKED, version=version, champion=rival), "Ada")
        for version, rival in ((1, None), (2, 1), (3, 1))
    ]
    assert [use.turn for use in taken] == [Turn(use=1, look=None), Turn(use=2, look=1), Turn(use=3, look=2)]
    assert [use.purpose for use in taken] == ["evaluate", "compare", "compare"]
    assert looks.uses("photos", 0) == taken
    assert {use.actor for use in taken} == {"Ada"}


def test_take__same_comparison_again_spends_nothing(looks: Looks) -> None:
    """A retry is the same use; another champion, test set or question is another."""
    first = looks.take(ASKED, "Ada")
    assert looks.take(ASKED, "Bob") == first
    others = [replace(ASKED, champion=9), replace(ASKED, test_set="b" * 64), replace(ASKED, question="f1")]
    assert [looks.take(other, "Ada").look for other in others] == [2, 3, 4]


def test_take__fresh_test_set_and_other_domain_start_anew(looks: Looks) -> None:
    """After a refresh, and in another domain, the first comparison is the first again."""
    looks.take(ASKED, "Ada")
    assert looks.take(replace(ASKED, generation=1), "Ada").turn == Turn(generation=1, use=1, look=1)
    assert looks.take(replace(ASKED, domain="cells"), "Ada").look == 1


def test_settle__latest_outcome(looks: Looks) -> None:
    """The outcome stands beside its own use; a repetition, say at a lower latency, may come to another."""
    first, second = looks.take(ASKED, "Ada"), looks.take(replace(ASKED, version=3), "Ada")
    assert (first.outcome, looks.settle(first, "REJECT").outcome) == ("", "REJECT")
    looks.settle(first, "PROMOTE")
    assert [one.outcome for one in looks.uses("photos", 0)] == ["PROMOTE", second.outcome]


def take_many(url: str, first: int) -> None:
    """What a process of the next test does."""
    for version in range(first, first + 10):
        Looks(url).take(replace(ASKED, version=version), "Ada")


def test_take__processes_at_once(tmp_path: Path) -> None:
    """Four processes with ten comparisons each get forty different numbers."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=take_many, args=(url, 100 * place)) for place in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [use.look for use in Looks(url).uses("photos", 0)] == list(range(1, 41))


def test_looks__reads_while_another_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a table that is there waits for no writer."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Looks(url)
    monkeypatch.setattr("registry.ledger.database.BUSY_SECONDS", 0)
    with for_writing(open_engine(url)).begin():
        assert Looks(url).uses("photos", 0) == []


def test_looks__database_down() -> None:
    """A database that cannot be reached is one line."""
    with pytest.raises(LedgerError, match="check REGRAFT_LEDGER_URL"):
        Looks("postgresql+pg8000://me:secret@127.0.0.1:9/none")

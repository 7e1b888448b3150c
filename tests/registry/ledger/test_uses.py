"""Every use of a test set is counted once, whoever asks and however often."""

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.errors import LedgerError
from registry.gate.spending import Turn
from registry.ledger.history import NOTHING
from registry.ledger.ledger import Change, Ledger
from registry.ledger.records import Decided
from registry.ledger.sql.database import for_writing, open_engine
from registry.ledger.uses import Use, Uses, count_evaluation
from settings.machine import load_settings

WANTED = Use(domain="photos", generation=0, test_set="a" * 64, question="auc", version=2, champion=1, actor="Ada")


@pytest.fixture
def uses(tmp_path: Path) -> Uses:
    """A record of its own."""
    return Uses(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_take__numbers_uses_and_comparisons(uses: Uses) -> None:
    """A first model is a use and no comparison; challengers are counted as both."""
    taken = [
        uses.take(replace(WANTED, version=version, champion=rival)) for version, rival in ((1, None), (2, 1), (3, 1))
    ]
    assert [use.turn for use in taken] == [Turn(use=1, look=None), Turn(use=2, look=1), Turn(use=3, look=2)]
    assert [use.purpose for use in taken] == ["evaluate", "compare", "compare"]
    assert uses.of("photos", 0) == taken
    assert {use.actor for use in taken} == {"Ada"}


def test_take__same_comparison_again_spends_nothing(uses: Uses) -> None:
    """A retry is the same use; another champion, test set or question is another."""
    first = uses.take(WANTED)
    assert uses.take(replace(WANTED, actor="Bob")) == first
    others = [replace(WANTED, champion=9), replace(WANTED, test_set="b" * 64), replace(WANTED, question="f1")]
    assert [uses.take(other).look for other in others] == [2, 3, 4]


def test_take__fresh_test_set_and_other_domain_start_anew(uses: Uses) -> None:
    """After a refresh, and in another domain, the first comparison is the first again."""
    uses.take(WANTED)
    assert uses.take(replace(WANTED, generation=1)).turn == Turn(generation=1, use=1, look=1)
    assert uses.take(replace(WANTED, domain="cells")).look == 1


def test_take__row(uses: Uses) -> None:
    """The table tells a comparison from an evaluation without the code that wrote it."""
    for rival in (None, 1):
        uses.take(replace(WANTED, champion=rival))
    with uses._database.reading() as connection:
        rows = connection.exec_driver_sql("select number, look, purpose, outcome, actor from test_set_uses").all()
    assert rows == [(1, None, "evaluate", "", "Ada"), (2, 1, "compare", "", "Ada")]


def test_count_evaluation__in_the_settings_ledger(
    tmp_path: Path, make_dataset: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluation is a use of the data set's own test set by the named actor, and spends no comparison."""
    monkeypatch.setenv("REGRAFT_ACTOR", "Ada")
    monkeypatch.setenv("REGRAFT_ROOT", str(tmp_path))
    settings, dataset = load_settings(), make_dataset(tmp_path / "data")
    for _ in range(2):
        count_evaluation(settings, "photos", dataset, "challenger", 3)
    (use,) = Uses(settings.ledger).of("photos", dataset.generation)
    assert (use.test_set, use.question, use.version, use.champion) == (dataset.test_set, "challenger", 3, None)
    assert (use.turn, use.actor) == (Turn(use=1, look=None), "Ada")


def test_settle__latest_outcome(uses: Uses) -> None:
    """The outcome stands beside its own use; a repetition, say at a lower latency, may come to another."""
    first, second = uses.take(WANTED), uses.take(replace(WANTED, version=3))
    assert (first.outcome, uses.settle(first, "REJECT").outcome) == ("", "REJECT")
    uses.settle(first, "PROMOTE")
    assert [one.outcome for one in uses.of("photos", 0)] == ["PROMOTE", second.outcome]


def take_many(url: str, first: int) -> None:
    """What a process of the next test does."""
    for version in range(first, first + 10):
        Uses(url).take(replace(WANTED, version=version))


def test_take__processes_at_once(tmp_path: Path) -> None:
    """Four processes with ten comparisons each get forty different numbers."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=take_many, args=(url, 100 * place)) for place in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [use.look for use in Uses(url).of("photos", 0)] == list(range(1, 41))


def test_uses__reads_while_another_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a table that is there waits for no writer."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Uses(url)
    monkeypatch.setattr("registry.ledger.sql.database.BUSY_SECONDS", 0)
    with for_writing(open_engine(url)).begin():
        assert Uses(url).of("photos", 0) == []


def test_uses__database_down() -> None:
    """A database that cannot be reached is one line."""
    with pytest.raises(LedgerError, match="check REGRAFT_LEDGER_URL"):
        Uses("postgresql+pg8000://me:secret@127.0.0.1:9/none")


def test_take__after_the_domain_was_removed(tmp_path: Path, uses: Uses) -> None:
    """A new domain of the name spends from the start; the rows of the removed one stay."""
    uses.take(WANTED)
    Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").append(Change("photos", "remove", None, NOTHING, "Ada", "r", "", ""))
    assert uses.of("photos", 0) == []
    again = uses.take(WANTED)
    assert (again.look, again.number, uses.of("photos", 0)) == (1, 2, [again])


def test_decided__clock_was_set_back_after_a_removal(tmp_path: Path, uses: Uses) -> None:
    """Uses and decisions of the new domain count, though the removal of the earlier one lies in the future."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    uses.take(WANTED)
    with for_writing(open_engine(url)).begin() as connection:
        connection.exec_driver_sql("update test_set_uses set time = '2999-01-01T00:00:00.000000+00:00'")
    Ledger(url).append(Change("photos", "remove", None, NOTHING, "Ada", "r", "", ""))
    assert uses.of("photos", 0) == []
    again = uses.take(WANTED)
    assert uses.of("photos", 0) == [again]
    bound = Decided("e" * 64, 1, 1, {"1": "a"}, "rule", "t")
    uses.settle(again, "PROMOTE", bound)
    assert uses.decided("photos", again.version) == bound

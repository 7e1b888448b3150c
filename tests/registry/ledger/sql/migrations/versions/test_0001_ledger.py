"""What becomes of tables that were made before there were migrations."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, inspect

from registry.ledger.chain import START, chained
from registry.ledger.ledger import Change, Ledger
from registry.ledger.sql.database import Database, for_writing, open_engine
from registry.ledger.sql.schema import HEAD, _revision
from registry.ledger.sql.tables import LEDGER, TEST_SET_USES
from registry.ledger.uses import Use, Uses

NEW = {"expected_from", "approval", "previous_hash", "hash"}
FACTS = {"action": "promote", "actor": "a", "reason": "r", "evidence": "", "dataset_version": "d", "time": "2026"}
MOVES = [("solar", 1, None, 1), ("digits", 1, None, 1), ("solar", 2, 1, 2)]
ROWS = [dict(zip(("domain", "sequence", "from_version", "to_version"), move, strict=True)) | FACTS for move in MOVES]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    path = f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgresql")) if request.param == "postgresql" else path


def make(url: str, table: Table, rows: list[dict[str, Any]], without: set[str] = frozenset()) -> None:
    """A table as a release without migrations left it."""
    with for_writing(open_engine(url)).begin() as connection:
        table.create(connection)
        for name in sorted(without):
            connection.exec_driver_sql(f"alter table {table.name} drop column {name}")
        connection.execute(table.insert().values(rows))


def columns(connection: Connection) -> set[str]:
    """Columns of the ledger."""
    return {column["name"] for column in inspect(connection).get_columns("ledger")}


def test_upgrade__ledger_of_the_first_release(url: str) -> None:
    """Its rows stay as they were, get a chain, and the ledger goes on."""
    make(url, LEDGER, ROWS, NEW)
    ledger = Ledger(url)
    assert [(entry.from_version, entry.to_version, entry.expected_from) for entry in ledger.entries("solar")] == [
        (None, 1, None),
        (1, 2, 1),
    ]
    more = {key: value for key, value in FACTS.items() if key != "time"}
    Ledger(url).append(Change("solar", expected=2, to=3, **more))
    assert [(ledger.verify(name).entries, ledger.verify(name).fault) for name in ledger.domains()] == [
        (1, None),
        (3, None),
    ]


def test_upgrade__chained_ledger_stays_as_it_is(url: str) -> None:
    """A release that knew the chain left nothing to do; a row that was changed by hand is still found."""
    first = chained(ROWS[0] | {"expected_from": None, "approval": ""}, START)
    second = chained(ROWS[2] | {"expected_from": 1, "approval": ""}, first["hash"])
    make(url, LEDGER, [first, second | {"reason": "changed"}])
    assert str(Ledger(url).verify("solar").fault).startswith("row 2 was altered")
    assert [entry.hash for entry in Ledger(url).entries("solar")] == [first["hash"], second["hash"]]


def test_upgrade__uses_stay(url: str) -> None:
    """Uses that were counted before still count."""
    use = Use("solar", 0, "a" * 64, "auc", 2, champion=1, actor="Ada", number=1, look=1, outcome="HOLD", time="2026")
    make(url, TEST_SET_USES, [vars(use) | {"purpose": "compare"}])
    assert Uses(url).of("solar", 0) == [use]
    assert Ledger(url).domains() == []


def test_upgrade__all_or_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it fails between columns and chain the database is as it was; the next try finds everything to do."""
    make(url, LEDGER, ROWS, NEW)
    with monkeypatch.context() as patch:
        patch.setattr("registry.ledger.chain.chained", lambda row, previous: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Ledger(url)
    with Database(url).reading() as connection:
        assert not columns(connection) & NEW
        assert inspect(connection).get_table_names() == ["ledger"]
    assert Ledger(url).verify("solar").fault is None


def test_upgrade__processes_at_once(url: str) -> None:
    """Of eight processes one migrates, the others wait and find it done."""
    make(url, LEDGER, ROWS, NEW)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=Ledger, args=(url,)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    with Database(url).reading() as connection:
        assert _revision(connection) == HEAD
    assert Ledger(url).verify("solar").fault is None

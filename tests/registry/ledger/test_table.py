"""The table of the ledger, and what becomes of one that an earlier release made."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from registry.ledger.database import for_writing, open_engine
from registry.ledger.ledger import Ledger
from registry.ledger.table import TABLE

NEW = {"expected_from", "approval", "previous_hash", "hash"}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_ensure_table__of_an_earlier_release(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> None:
    """Its rows stay as they were, get a chain, and the ledger goes on."""
    path = f"sqlite:///{tmp_path / 'ledger.db'}"
    url = request.getfixturevalue("postgresql") if database == "postgresql" else path
    facts = {"action": "promote", "actor": "a", "reason": "r", "evidence": "", "dataset_version": "d", "time": "2026"}
    moves = [("solar", 1, None, 1), ("digits", 1, None, 1), ("solar", 2, 1, 2)]
    rows = [dict(zip(("domain", "sequence", "from_version", "to_version"), move, strict=True)) for move in moves]
    with for_writing(open_engine(url)).begin() as connection:
        TABLE.create(connection)
        for name in NEW:
            connection.exec_driver_sql(f"alter table ledger drop column {name}")
        connection.execute(insert(TABLE).values([row | facts for row in rows]))
    ledger = Ledger(url)
    assert [(entry.from_version, entry.to_version, entry.expected_from) for entry in ledger.entries("solar")] == [
        (None, 1, None),
        (1, 2, 1),
    ]
    more = {key: value for key, value in facts.items() if key != "time"}
    Ledger(url).append("solar", expected=2, to=3, **more)
    assert [(ledger.verify(name).entries, ledger.verify(name).fault) for name in ledger.domains()] == [
        (1, None),
        (3, None),
    ]

"""Copies of real databases that others write to, and the way back."""

import os
import sqlite3
from contextlib import closing

import pytest

from registry.errors import RegistryError
from registry.ledger.ledger import Change, Ledger
from registry.ledger.sql.copies import copy_database, copy_databases, has_tables, put_back, table_revision
from registry.ledger.sql.schema import HEAD, VERSION_TABLE

FACTS = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}


def test_copy_database__while_another_writes(tmp_path):
    """The copy has what was committed, in one file, though a log beside the database holds it and a write is open."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        for statement in (
            "pragma journal_mode = wal",
            "create table t (x)",
            "insert into t values (1)",
            "begin immediate",
        ):
            writer.execute(statement)
        writer.execute("insert into t values (2)")
        copy = copy_database(f"sqlite:///{path}", tmp_path / "copies", "a")
    assert [file.name for file in copy.parent.iterdir()] == ["a.db"]
    assert copy.read_bytes()[18:20] == b"\1\1"  # the header's word for: no log beside it
    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("select x from t").fetchall() == [(1,)]


def test_copy_databases__only_those_that_are_there(tmp_path):
    """A database that nobody has used yet is not made by asking for it."""
    assert copy_databases({"ledger": f"sqlite:///{tmp_path / 'none.db'}"}, tmp_path / "copies") == []
    assert list(tmp_path.iterdir()) == []


def test_put_back__nothing_of_an_earlier_try_is_left(tmp_path):
    """A log of the database that lay there before is not taken for the copy's own."""
    Ledger(f"sqlite:///{tmp_path / 'a.db'}")
    copy = copy_database(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "copies", "a")
    (tmp_path / "b.db-wal").write_bytes(b"of another")
    put_back(copy, f"sqlite:///{tmp_path / 'b.db'}", print)
    assert not (tmp_path / "b.db-wal").exists()
    assert table_revision(f"sqlite:///{tmp_path / 'b.db'}", VERSION_TABLE) == HEAD


def test_copies__postgresql(postgresql, postgresql_server, tmp_path, monkeypatch):
    """There and back by PostgreSQL's own tools; put back once more it is the same."""
    monkeypatch.setenv("PATH", f"{postgresql_server._server.bin_path}:{os.environ['PATH']}")  # as old as the server
    Ledger(postgresql).append(Change("a", action="promote", expected=None, to=7, **FACTS))
    copy = copy_database(postgresql, tmp_path, "ledger")
    other = postgresql_server.create("restored")
    assert (copy.name, has_tables(other)) == ("ledger.dump", False)
    for _ in range(2):
        put_back(copy, other, print)
    assert Ledger(other).champion("a") == 7
    with pytest.raises(RegistryError, match="is a copy of PostgreSQL"):
        put_back(copy, f"sqlite:///{tmp_path / 'a.db'}", print)


def test_copy_database__postgresql_without_its_tool(tmp_path, monkeypatch):
    """One line says what to install, and no password."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RegistryError, match=r"needs pg_dump.* install PostgreSQL's client") as found:
        copy_database("postgresql://me:s3cret@there/db", tmp_path, "ledger")
    assert "s3cret" not in str(found.value)

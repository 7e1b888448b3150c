"""How databases are opened, and how their faults read."""

import pytest
from sqlalchemy import make_url, text

from registry.database import database_errors, for_writing, open_engine
from registry.errors import LedgerError


@pytest.mark.parametrize("given", ["postgresql://me:s@h/d", "postgresql+pg8000://me:s@h/d"])
def test_open_engine__postgresql_driver(given):
    """Without a driver in its URL PostgreSQL is reached through pg8000."""
    assert open_engine(given).url == make_url("postgresql+pg8000://me:s@h/d")


def test_open_engine__writer_holds_the_lock_from_its_start(tmp_path, monkeypatch):
    """A second writer waits before it reads; readers do not."""
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    monkeypatch.setattr("registry.database.BUSY_SECONDS", 0)
    with for_writing(engine).begin(), engine.begin() as reader:
        assert reader.scalar(text("select 1")) == 1
        impatient = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
        with pytest.raises(LedgerError, match="database is locked"), database_errors("sqlite"):
            for_writing(impatient).connect().execute(text("select 1"))


def test_database_errors__driver_is_missing():
    """The message says what to install, without the password."""
    told = r"//me:\*\*\*@h/d: no driver; install its driver"
    with pytest.raises(LedgerError, match=told) as caught, database_errors("postgresql://me:secret@h/d"):
        raise ImportError("no driver")
    assert "secret" not in str(caught.value)


def test_database_errors__server_says_no(postgresql):
    """Of the fields that PostgreSQL answers with, people get the sentence."""
    told = r'ledger postgresql: relation "nothing" does not exist; check'
    with (
        pytest.raises(LedgerError, match=told),
        database_errors("postgresql"),
        open_engine(postgresql).begin() as found,
    ):
        found.execute(text("select * from nothing"))

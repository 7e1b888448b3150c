"""How databases are opened, and how their faults read."""

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from registry.errors import LedgerError
from registry.ledger.ledger import Ledger
from registry.ledger.sql.database import database_errors, for_writing, open_engine


@pytest.mark.parametrize("given", ["postgresql://me:s@h/d", "postgresql+pg8000://me:s@h/d"])
def test_open_engine__postgresql_driver(given):
    """Without a driver in its URL PostgreSQL is reached through pg8000."""
    assert open_engine(given).url == make_url("postgresql+pg8000://me:s@h/d")


def test_open_engine__writer_holds_the_lock_from_its_start(tmp_path, monkeypatch):
    """A second writer waits before it reads; readers do not."""
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    monkeypatch.setattr("registry.ledger.sql.database.BUSY_SECONDS", 0)
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


@pytest.mark.parametrize(
    "said",
    ["database or disk is full", "disk I/O error", 'could not extend file "base/5/1259": No space left on device'],
)
def test_database_errors__disk_is_full(said):
    """However a database says it, the remedy is room and no other address."""
    with pytest.raises(LedgerError) as caught, database_errors("sqlite:///a.db"):
        raise SQLAlchemyError(said)
    told = "nothing was written; make room on its disk and run the same command again, it goes on"
    assert str(caught.value) == f"ledger sqlite:///a.db: {said}; {told}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bob:abc@secretpart@127.0.0.1:1/x",
        "postgresql://bob:abc@secretpart:more@127.0.0.1:1/x",
        "postgresql://bob@corp:secretpart@127.0.0.1:1/x",
        "postgresql://bob:secretpart/?@127.0.0.1:1/x",
        "postgresql://bob@127.0.0.1:1/x?password=secretpart&application_name=y",
        "postgresql://bob@127.0.0.1:1/x?application_name=y&password=abc@secretpart",
    ],
)
def test_database_errors__password_nowhere(url):
    """No part of a password is shown, neither in the URL nor where the driver takes it for a host or a port."""
    with pytest.raises(LedgerError, match="bob.*127.0.0.1:1/x.*check REGRAFT_LEDGER_URL") as caught:
        Ledger(url)
    assert not [part for part in ("abc", "secretpart", "more") if part in str(caught.value)]


@pytest.mark.parametrize(
    "said", ["'me:p@ss w0rd@h'", "host ss+w0rd@h", "?PassWord=x&y", "p%40ss+w0rd", "postgresql://u:n@h"]
)
def test_database_errors__password_in_what_the_driver_says(said):
    """It is masked as it was written and as it reads decoded; other words stay."""
    with (
        pytest.raises(LedgerError, match="no way to .*; check") as caught,
        database_errors("postgresql://me:p%40ss+w0rd@h/d"),
    ):
        raise OSError(f"no way to {said}")
    told = str(caught.value)
    assert not [part for part in ("ss+w0rd", "ss w0rd", "=x", "u:n@") if part in told]

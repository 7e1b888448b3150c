"""SQL databases of the registry: how one is opened, locked for writing, and how its faults read."""

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from registry.errors import LedgerError

BUSY_SECONDS = 30
POOL = "regraft"
# Not URL.render_as_string: it splits at the first bare @, shows ?password=, and cannot read what a driver says.
# Greedy: a password with a bare @ ends at the last one, wherever SQLAlchemy splits it.
LOGIN = re.compile(r"//([^/:]*):(.*)@")
PARAMETER = re.compile(r"(password=)([^&\s]*)", re.IGNORECASE)
# SQLite says the second of a file that may not grow (ulimit -f), PostgreSQL the third
DISK = re.compile(r"database or disk is full|disk I/O error|No space left on device")
MAKE_ROOM = "make room on its disk and run the same command again, it goes on"


class Database:
    """A database that any number of processes may use at once; whatever goes wrong with it is one LedgerError."""

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL."""
        self._url = url  # whole, for its secrets to be found in what a driver says
        with database_errors(url):
            self._engine = open_engine(url)
            self._writer = for_writing(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with database_errors(self._url), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, and holds SQLite's lock from its start; a broken constraint passes through."""
        with database_errors(self._url), self._writer.begin() as connection:
            yield connection


def open_engine(address: str) -> Engine:
    """Opens the database of a SQLAlchemy URL; makes the folder of a SQLite file if need be.

    Raises:
        LedgerError: the URL names a database in memory.
    """
    url = with_driver(make_url(address))
    if url.get_backend_name() != "sqlite":
        # a server that no longer answers is an error, not a wait for ever
        limits = {"timeout": BUSY_SECONDS} if url.get_driver_name() == "pg8000" else {}
        # what a lost connection means is told once, as an error; the pool would add a traceback of its own
        logging.getLogger(f"sqlalchemy.pool.impl.QueuePool.{POOL}").setLevel(logging.CRITICAL)
        return create_engine(url, connect_args=limits, pool_pre_ping=True, pool_logging_name=POOL)
    if not url.database or url.database == ":memory:":
        raise LedgerError(f"ledger {address}: a ledger in memory is lost with its process; name a file in the URL")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, poolclass=NullPool)  # a fork inherits nothing
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same database for transactions that write: on SQLite each holds the write lock from its first statement."""
    return engine.execution_options(regraft_write=True)


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turns what a database or its driver raises into one line; a broken constraint passes through.

    Raises:
        LedgerError: the database of that URL cannot be reached or refused; nothing of its password is shown.
    """
    try:
        yield
    except IntegrityError:
        raise
    except ImportError as error:
        message = f"ledger {hidden(url)}: {error}; install its driver, for PostgreSQL with `regraft[postgresql]`"
        raise LedgerError(message) from error
    except (SQLAlchemyError, ValueError, OSError) as error:  # ValueError: SQLAlchemy reads the port as a number
        said = _without_secrets(_cause(error), url)
        full = f"nothing was written; {MAKE_ROOM}"
        remedy = full if DISK.search(said) else "check REGRAFT_LEDGER_URL and that the database is up"
        message = f"ledger {hidden(url)}: {said}; {remedy}"
        raise LedgerError(message) from error


def hidden(text: str) -> str:
    """A URL, or a text with one, without its passwords."""
    return LOGIN.sub(r"//\1:***@", PARAMETER.sub(r"\1***", text))


def _without_secrets(text: str, url: str) -> str:
    """What a driver said without the passwords of a URL, nor the parts of one that was taken for host or port."""
    secrets = [secret for _, secret in (*LOGIN.findall(url), *PARAMETER.findall(url))]
    forms = [form for secret in secrets for form in (secret, unquote(secret), unquote_plus(secret))]
    parts = {part for form in forms for part in re.split("[@:/?]", form)}
    for part in sorted(filter(None, parts), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "***", text)
    return hidden(text)


def with_driver(url: URL) -> URL:
    """PostgreSQL without a named driver is reached through pg8000, which `regraft[postgresql]` installs."""
    return url.set(drivername="postgresql+pg8000") if url.drivername == "postgresql" else url


def _cause(error: Exception) -> str:
    """First line of what the driver said; PostgreSQL's driver hands over a table of fields, M being the message."""
    origin = getattr(error, "orig", None) or error
    fields = origin.args[0] if origin.args else None
    said = fields.get("M", "") if isinstance(fields, dict) else str(origin)
    return str(said.strip() or type(error).__name__).splitlines()[0]


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    """Stops Python's sqlite3 from opening transactions by itself, which it does too late for a compare-and-set."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    """Takes SQLite's write lock before a writer reads, so that what it compares cannot change before it sets."""
    writes = connection.get_execution_options().get("regraft_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

"""The append-only record of promotions and rollbacks; registry aliases follow it."""

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    make_url,
    select,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from registry.errors import LedgerConflictError, LedgerError

logger = logging.getLogger(__name__)

Action = Literal["promote", "rollback"]
BUSY_SECONDS = 30
EVIDENCE = re.compile(r"(?:[0-9a-f]{64})?")

TABLE = Table(
    "ledger",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("action", String(20), nullable=False),
    Column("from_version", Integer, nullable=True),
    Column("to_version", Integer, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("dataset_version", String(200), nullable=False),
    Column("time", String(40), nullable=False),
    # two writers that read the same last row take the same number: on any database the second one fails
    UniqueConstraint("domain", "sequence"),
)


@dataclass(frozen=True)
class Entry:
    """One row: version `to_version` of a domain took the place of `from_version` (none: it is the first)."""

    id: int
    domain: str
    sequence: int
    action: str
    from_version: int | None
    to_version: int
    actor: str
    reason: str
    evidence: str
    dataset_version: str
    time: str


class Ledger:
    """The ledger in one SQL database; any number of processes may use it at once.

    Raises:
        LedgerError: the database cannot be reached (here or in any method).
    """

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL; creates the table and a SQLite file's folder if need be."""
        with _clear_errors(url):
            self._engine = _engine(url)
            self._writer = self._engine.execution_options(regraft_write=True)
        self._url = self._engine.url.render_as_string(hide_password=True)
        with _clear_errors(self._url), self._writer.begin() as connection:
            connection.execute(CreateTable(TABLE, if_not_exists=True))

    def append(
        self,
        domain: str,
        *,
        action: Action,
        expected: int | None,
        to: int,
        actor: str,
        reason: str,
        evidence: str,
        dataset_version: str,
    ) -> Entry:
        """Writes that `to` is champion now, if `expected` still is the champion (None: there is none yet).

        `evidence` is the sha256 of the gate's decision in hex, or empty.

        Raises:
            LedgerConflictError: the champion is another, or another process wrote first; nothing was written.
            LedgerError: the entry makes no sense, or the database cannot be reached.
        """
        _check_entry(domain, action=action, expected=expected, to=to, evidence=evidence)
        row = {"domain": domain, "action": action, "from_version": expected, "to_version": to, "actor": actor}
        row |= {"reason": reason, "evidence": evidence, "dataset_version": dataset_version}
        try:
            with _clear_errors(self._url), self._writer.begin() as connection:
                entry = _insert(connection, row)
        except IntegrityError as error:
            raise LedgerConflictError(f"{domain}: another process wrote first; read the ledger again") from error
        logger.info("%s: %s %s -> %d by %s", domain, action, expected, to, actor)
        return entry

    def entries(self, domain: str) -> list[Entry]:
        """Returns every entry of a domain, oldest first."""
        with _clear_errors(self._url), self._engine.begin() as connection:
            return _entries(connection, domain)

    def champion(self, domain: str) -> int | None:
        """Returns the version in production; None: nothing was ever promoted."""
        entries = self.entries(domain)
        return entries[-1].to_version if entries else None

    def previous(self, domain: str) -> int | None:
        """Returns the version that was in production before the present one: what a rollback returns to."""
        entries = self.entries(domain)
        return entries[-1].from_version if entries else None

    def at(self, domain: str, time: datetime) -> int | None:
        """Returns the version that was in production at a time (with time zone); None: none was yet.

        Raises:
            LedgerError: the time has no time zone, or the database cannot be reached.
        """
        if time.tzinfo is None:
            raise LedgerError(f"time {time} has no time zone; the ledger keeps UTC; add one, such as +00:00")
        before = [entry for entry in self.entries(domain) if entry.time <= _stamp(time)]
        return before[-1].to_version if before else None


def _insert(connection: Connection, row: dict[str, Any]) -> Entry:
    """Compares and sets within one transaction."""
    entries = _entries(connection, row["domain"])
    champion = entries[-1].to_version if entries else None
    if champion != row["from_version"]:
        found = f"{row['domain']}: the champion is {champion}, not {row['from_version']} as expected"
        raise LedgerConflictError(f"{found}; compare with the present champion and decide again")
    if row["action"] == "rollback" and row["to_version"] not in {entry.to_version for entry in entries}:
        known = sorted({entry.to_version for entry in entries})
        found = f"{row['domain']}: version {row['to_version']} was never in production"
        raise LedgerError(f"{found}; roll back to one of {known}, or promote it through the gate")
    row = row | {"sequence": len(entries) + 1, "time": _stamp(datetime.now(UTC))}
    key = connection.execute(insert(TABLE).values(row)).inserted_primary_key
    return Entry(id=key[0] if key else 0, **row)


def _entries(connection: Connection, domain: str) -> list[Entry]:
    query = select(TABLE).where(TABLE.c.domain == domain).order_by(TABLE.c.sequence)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def _check_entry(domain: str, *, action: str, expected: int | None, to: int, evidence: str) -> None:
    if action not in ("promote", "rollback"):
        raise LedgerError(f"action {action!r}: the ledger knows promote and rollback; use one of them")
    if to < 1 or to == expected:
        raise LedgerError(f"{domain}: version {to} is below 1 or the present champion; name another version")
    if not EVIDENCE.fullmatch(evidence):
        raise LedgerError(f"evidence {evidence!r} is no sha256 in hex; give the decision's sha256 or an empty text")


def _stamp(time: datetime) -> str:
    """UTC in ISO form with a fixed number of digits, so that texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _engine(address: str) -> Engine:
    url = make_url(address)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if not url.database or url.database == ":memory:":
        raise LedgerError(f"ledger {address}: a ledger in memory is lost with its process; name a file in the URL")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, poolclass=NullPool)  # a fork inherits nothing
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    return engine


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    """Stops Python's sqlite3 from opening transactions by itself, which it does too late for a compare-and-set."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    """Takes SQLite's write lock before a writer reads, so that what it compares cannot change before it sets."""
    writes = connection.get_execution_options().get("regraft_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _clear_errors(url: str) -> Iterator[None]:
    """Turns what a database or its driver raises into one line; a broken constraint passes through."""
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, ImportError, OSError) as error:
        cause = (str(getattr(error, "orig", None) or error).strip() or type(error).__name__).splitlines()[0]
        where = re.sub(r"//([^/@:]*):[^@]*@", r"//\1:***@", url)
        raise LedgerError(f"ledger {where}: {cause}; check REGRAFT_LEDGER_URL and that the database is up") from error

"""The append-only record of promotions and rollbacks; registry aliases follow it."""

import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from registry.errors import LedgerConflictError, LedgerError, QuarantineError
from registry.ledger.chain import START, chained, first_fault
from registry.ledger.history import (
    NOTHING,
    REMOVE,
    Entry,
    newest_row,
    quarantine_reason,
    quarantined,
    row_stamp,
    since_removal,
)
from registry.ledger.records import record_fault
from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import LEDGER

logger = logging.getLogger(__name__)

Action = Literal["promote", "rollback", "remove"]
EVIDENCE = re.compile(r"(?:[0-9a-f]{64})?")


@dataclass(frozen=True)
class Verification:
    """What came of walking one domain's chain.

    `head` is the hash of its last row, to be kept elsewhere; `fault` names the first row that is wrong (none: intact).
    """

    domain: str
    entries: int
    head: str
    fault: str | None


@dataclass(frozen=True)
class Change:
    """A change of champion that is asked for: to `to`, if `expected` is the champion still (None: there is none yet).

    A removal of the domain goes to NOTHING.

    `evidence` is the sha256 of the gate's decision in hex, or empty; `approval` a JSON object, or empty. Only a
    deliberate promotion brings back a version in quarantine.
    """

    domain: str
    action: Action
    expected: int | None
    to: int
    actor: str
    reason: str
    evidence: str
    dataset_version: str
    approval: str = ""
    deliberate: bool = False


class Ledger:
    """The ledger in one SQL database; any number of processes may use it at once.

    Raises:
        LedgerError: the database cannot be reached (here or in any method).
    """

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL; brings its tables up to date."""
        self._database = Database(url)
        ensure_schema(self._database)

    def append(self, change: Change) -> Entry:
        """Writes that there is another champion now.

        Raises:
            LedgerConflictError: the champion is another, or another process wrote first; nothing was written.
            QuarantineError: the version was rolled back and the promotion is not deliberate.
            LedgerError: the entry makes no sense, or the database cannot be reached.
        """
        _check_champions(change)
        _check_proofs(change)
        try:
            with self._database.writing() as connection:
                entry = _insert(connection, change)
        except IntegrityError as error:
            raise LedgerConflictError(f"{change.domain}: another process wrote first; read the ledger again") from error
        logger.info("%s: %s %s -> %d by %s", entry.domain, entry.action, change.expected, change.to, entry.actor)
        return entry

    def entries(self, domain: str) -> list[Entry]:
        """Returns every entry of a domain, oldest first."""
        with self._database.reading() as connection:
            return _entries(connection, domain)

    def present(self, domain: str) -> list[Entry]:
        """Returns the entries since the last removal of a domain of that name, oldest first."""
        return since_removal(self.entries(domain))

    def domains(self) -> list[str]:
        """Returns the domains that have entries, by name."""
        with self._database.reading() as connection:
            return list(connection.scalars(select(LEDGER.c.domain).distinct().order_by(LEDGER.c.domain)))

    def champion(self, domain: str) -> int | None:
        """Returns the version in production; None: nothing was ever promoted."""
        with self._database.reading() as connection:
            last = _last(connection, domain)
        return _champion(last)

    def at(self, domain: str, time: datetime) -> int | None:
        """Returns the version that was in production at a time (with time zone); None: none was yet.

        Raises:
            LedgerError: the time has no time zone, or the database cannot be reached.
        """
        if time.tzinfo is None:
            raise LedgerError(f"time {time} has no time zone; the ledger keeps UTC; add one, such as +00:00")
        before = [entry for entry in self.entries(domain) if entry.time <= row_stamp(time)]
        return _champion(before[-1] if before else None)

    def verify(self, domain: str, head: str = "") -> Verification:
        """Walks a domain's chain from its first row; `head` is a hash that one of its rows must have.

        The chain alone cannot show that rows at its end were cut off; a hash that was kept elsewhere does. The record
        of the test sets' uses is walked, too.
        """
        entries = self.entries(domain)
        fault = first_fault(vars(entry) for entry in entries)
        if fault is None and head and head not in {entry.hash for entry in entries}:
            fault = f"no row has the hash {head}: rows were cut off, or the whole chain was written anew"
        if fault is None:
            with self._database.reading() as connection:
                fault = record_fault(connection, domain)
        return Verification(domain, len(entries), entries[-1].hash if entries else START, fault)


def _insert(connection: Connection, change: Change) -> Entry:
    """Compares and sets within one transaction."""
    last = _last(connection, change.domain)
    champion = _champion(last)
    if champion != change.expected:
        found = f"{change.domain}: the champion is {champion}, not {change.expected} as expected"
        remedy = "nothing was written; run the same command again, it decides by the present champion"
        raise LedgerConflictError(f"{found}: another process was first; {remedy}")
    if change.action == "promote" and not change.deliberate:
        _refuse_quarantined(connection, change.domain, change.to)
    # clocks of several machines differ, or one is set back: a row is never older than the one before it, nor a
    # removal than what it ends
    ended = newest_row(connection, change.domain) if change.action == REMOVE else ""
    time = max(row_stamp(datetime.now(UTC)), last.time if last else "", ended)
    place = {"sequence": last.sequence + 1 if last else 1, "time": time}
    row = chained(_columns(change) | place, last.hash if last else START)
    key = connection.execute(insert(LEDGER).values(row)).inserted_primary_key
    return Entry(id=key[0] if key else 0, **row)


def _champion(last: Entry | None) -> int | None:
    return (last.to_version or None) if last else None


def _columns(change: Change) -> dict[str, Any]:
    """A change as columns of its row; what was expected was found, so the row comes from it."""
    row: dict[str, Any] = {"domain": change.domain, "action": change.action, "actor": change.actor}
    row |= {"from_version": change.expected, "to_version": change.to, "expected_from": change.expected}
    row |= {"reason": change.reason, "evidence": change.evidence, "approval": change.approval}
    return row | {"dataset_version": change.dataset_version}


def _refuse_quarantined(connection: Connection, domain: str, version: int) -> None:
    ours = (LEDGER.c.domain == domain) & (LEDGER.c.action == "rollback") & (LEDGER.c.from_version == version)
    if connection.execute(select(LEDGER.c.id).where(ours).limit(1)).first() is None:
        return  # it was never rolled back: the long history need not be read
    barred = quarantined(_entries(connection, domain)).get(version)
    if barred:
        remedy = f"`regraft promote {domain} {version} --reason …` puts it back"
        raise QuarantineError(f"v{version} was {quarantine_reason(barred)} and is in quarantine; {remedy}")


def _entries(connection: Connection, domain: str) -> list[Entry]:
    query = select(LEDGER).where(LEDGER.c.domain == domain).order_by(LEDGER.c.sequence)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def _last(connection: Connection, domain: str) -> Entry | None:
    query = select(LEDGER).where(LEDGER.c.domain == domain).order_by(LEDGER.c.sequence.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return Entry(**row) if row else None


def _check_champions(change: Change) -> None:
    domain, action, to = change.domain, change.action, change.to
    if action not in ("promote", "rollback", REMOVE):
        raise LedgerError(f"action {action!r}: the ledger knows promote, rollback and remove; use one of them")
    if action == REMOVE and to == NOTHING:
        return
    if to < 1 or to == change.expected:
        raise LedgerError(f"{domain}: version {to} is below 1 or the present champion; name another version")
    if action == "rollback" and change.expected is None:
        raise LedgerError(f"{domain}: nothing is in production that a rollback could leave; promote a version first")


def _check_proofs(change: Change) -> None:
    evidence, approval = change.evidence, change.approval
    if not EVIDENCE.fullmatch(evidence):
        raise LedgerError(f"evidence {evidence!r} is no sha256 in hex; give the decision's sha256 or an empty text")
    try:
        given = json.loads(approval or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise LedgerError(f"approval {approval!r} is no JSON object; give approver, time and comment, or an empty text")

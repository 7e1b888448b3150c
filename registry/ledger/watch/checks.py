"""Checks of a domain's traffic: what was found, what should follow, and whether that has been started.

A row is written before anything is started, and says afterwards what was: whoever dies between the two leaves a debt
that the next one pays. Who pays names the row, so that what was started already is not started twice.
"""

import json
import uuid
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import ColumnElement, Connection, Update, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from registry.errors import LedgerConflictError
from registry.ledger.history import removed_at, row_stamp, row_time
from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import CHECKS

Outcome = Literal["ok", "watch", "broken data", "skew", "cannot judge", "retrain", "rollback", "hold"]
Action = Literal["retrain", "rollback", ""]
ROLLED_BACK = "rolled back to"  # how a delivery begins after which the champion is another
OWED: tuple[Outcome, ...] = ("retrain", "rollback")  # outcomes after which something is to be started


@dataclass(frozen=True)
class CheckRecord:
    """One check of the traffic of `version`.

    Attributes:
        domain: whose traffic.
        version: the champion of the moment; 0: there was none.
        window: digest of the traffic that was looked at.
        suspect: whether drift or harm was found in it, whatever then followed.
        outcome: what the controller decided.
        reason: why, for people.
        figures: what was measured, as JSON.
        delivery: what was started; empty: nothing yet.
        alerted: the channels that have been told, between commas.
        key: names the check.
        time: when it was written.
    """

    domain: str
    version: int
    window: str
    suspect: bool
    outcome: Outcome
    reason: str
    figures: str = "{}"
    delivery: str = ""
    alerted: str = ""
    key: str = ""
    time: str = ""

    @property
    def owes(self) -> bool:
        """Whether something is still to be started."""
        return self.outcome in OWED and not self.delivery

    @property
    def asks(self) -> Action:
        """What a person is asked to agree to; empty: to nothing."""
        return cast("Action", json.loads(self.figures).get("asks", ""))


ALL = true()
COLUMNS = [CHECKS.c[field.name] for field in fields(CheckRecord)]


class Checks:
    """The checks of all domains, in the ledger's database; any number of processes may use it at once.

    Raises:
        LedgerError: the database cannot be reached (here or in any method).
    """

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL and brings its tables up to date."""
        self._database = Database(url)
        ensure_schema(self._database)

    def add(self, record: CheckRecord, after: str) -> CheckRecord:
        """Writes a check, decided with `after` as the newest one on record (empty: none).

        Raises:
            LedgerConflictError: another check was written meanwhile; read it and decide again.
        """
        try:
            with self._database.writing() as connection:
                return _insert(connection, record, after)
        except IntegrityError as error:
            raise _overtaken(record.domain) from error

    def newest(self, domain: str, count: int, until: datetime | None = None) -> list[CheckRecord]:
        """The last checks since the domain's last removal, or of those the last ones until a time; oldest first."""
        rule = ALL if until is None else CHECKS.c.time <= row_stamp(until)
        with self._database.reading() as connection:
            return _rows(connection, domain, count, rule)

    def last(self, domain: str, version: int, before: str) -> CheckRecord | None:
        """The newest check of a version that was written before a time (ISO, UTC), however many came since."""
        ours = (CHECKS.c.version == version) & (CHECKS.c.time < before)
        with self._database.reading() as connection:
            return next(iter(_rows(connection, domain, 1, ours)), None)

    def of_outcome(self, domain: str, outcome: Outcome) -> list[CheckRecord]:
        """The checks of one outcome since the domain's last removal, oldest first."""
        with self._database.reading() as connection:
            return _rows(connection, domain, rule=CHECKS.c.outcome == outcome)

    def owed(self, domain: str) -> list[CheckRecord]:
        """The checks after which something is still to be started, oldest first."""
        with self._database.reading() as connection:
            return _rows(connection, domain, rule=CHECKS.c.outcome.in_(OWED) & (CHECKS.c.delivery == ""))

    def deliver(self, check: CheckRecord, what: str) -> None:
        """Writes what was started after a check, unless that is on record already."""
        ours = (CHECKS.c.key == check.key) & (CHECKS.c.delivery == "")
        self._write(update(CHECKS).where(ours).values(delivery=what))

    def tell(self, check: CheckRecord, channels: str) -> None:
        """Writes which channels have been told of a check."""
        self._write(update(CHECKS).where(CHECKS.c.key == check.key).values(alerted=channels))

    def _write(self, statement: Update) -> None:
        with self._database.writing() as connection:
            connection.execute(statement)


def _insert(connection: Connection, record: CheckRecord, after: str) -> CheckRecord:
    newest = select(CHECKS.c.key, CHECKS.c.time).where(CHECKS.c.domain == record.domain).order_by(CHECKS.c.id.desc())
    row = connection.execute(newest.limit(1)).first()  # read once: whoever writes meanwhile follows the same one
    is_present = row is not None and row.time > removed_at(connection, record.domain)
    if (row.key if row is not None and is_present else "") != after:
        raise _overtaken(record.domain)
    new = replace(record, key=uuid.uuid4().hex, time=row_time(connection, record.domain))
    connection.execute(insert(CHECKS).values(**asdict(new), follows=row.key if row is not None else ""))
    return new


def _overtaken(domain: str) -> LedgerConflictError:
    return LedgerConflictError(f"{domain}: another check was written meanwhile; check again")


def _rows(
    connection: Connection, domain: str, count: int | None = None, rule: ColumnElement[bool] = ALL
) -> list[CheckRecord]:
    """Checks of the present domain, the last `count` of those that the rule lets pass; oldest first."""
    present = (CHECKS.c.domain == domain) & (CHECKS.c.time > removed_at(connection, domain))
    query = select(*COLUMNS).where(present & rule).order_by(CHECKS.c.id.desc()).limit(count)
    return [CheckRecord(**row) for row in connection.execute(query).mappings()][::-1]

"""What people say to the watch over a domain: be silent until a time, I know of this, go on after failures."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Literal

from sqlalchemy import func, insert, select, true

from registry.ledger.history import removed_at, row_stamp, row_time
from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import MARKS

Kind = Literal["mute", "acknowledge", "reset", "release", "accept"]


@dataclass(frozen=True)
class Mark:
    """One thing that somebody said.

    `subject` is the time until which a `mute` holds (ISO, UTC; one that is past ends an earlier mute), the key of the
    check that an `acknowledge` is about, and empty for a `reset` of the breaker and a `release` of what rollbacks keep
    out of training; of an `accept` it is the first and the last moment of the traffic that is as it should be
    (microseconds since 1970, a stroke between them).
    """

    domain: str
    kind: Kind
    subject: str
    actor: str
    reason: str = ""
    time: str = ""


COLUMNS = [MARKS.c[field.name] for field in fields(Mark)]


class Marks:
    """The marks of all domains, in the ledger's database.

    Raises:
        LedgerError: the database cannot be reached (here or in any method).
    """

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL and brings its tables up to date."""
        self._database = Database(url)
        ensure_schema(self._database)

    def add(self, mark: Mark) -> None:
        """Writes a mark of this moment."""
        with self._database.writing() as connection:
            row = asdict(mark) | {"time": row_time(connection, mark.domain)}
            connection.execute(insert(MARKS).values(**row))

    def latest(self, domain: str, until: datetime | None = None) -> dict[Kind, Mark]:
        """The newest mark of each kind since the domain's last removal, or of those the newest until a time."""
        then = true() if until is None else MARKS.c.time <= row_stamp(until)
        newest = select(func.max(MARKS.c.id)).where((MARKS.c.domain == domain) & then).group_by(MARKS.c.kind)
        with self._database.reading() as connection:
            since = removed_at(connection, domain)
            rows = connection.execute(select(*COLUMNS).where(MARKS.c.id.in_(newest))).mappings()
            found = [Mark(**row) for row in rows if row["time"] > since]
        return {mark.kind: mark for mark in found}

    def of_kind(self, domain: str, kind: Kind, until: datetime | None = None) -> list[Mark]:
        """All marks of one kind since the domain's last removal, or of those until a time, oldest first."""
        then = true() if until is None else MARKS.c.time <= row_stamp(until)
        ours = (MARKS.c.domain == domain) & (MARKS.c.kind == kind) & then
        with self._database.reading() as connection:
            query = select(*COLUMNS).where(ours & (MARKS.c.time > removed_at(connection, domain)))
            return [Mark(**row) for row in connection.execute(query.order_by(MARKS.c.id)).mappings()]

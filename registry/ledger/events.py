"""What happened to a domain beside promotions and rollbacks, and what of it still needs a person.

Rows are only added. The newest one of a kind and a version is how that stands; a run that has begun and whose process
is gone was cut off.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import func, insert, select

from registry.errors import RegistryError
from registry.ledger.history import removed_at, row_time
from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import EVENTS
from settings.processes import here, is_of_this_machine, still_runs

Kind = Literal["retrain", "monitor", "check", "approval", "stress", "serve", "canary", "trial"]
Outcome = Literal["begun", "waits", "open", "done", "failed", "nothing", "alert", "retrain"]
TEXT_LENGTH = 500


@dataclass(frozen=True)
class Event:
    """One row: what of a `kind` came to an `outcome`, about `version` where it is about one (0: about none).

    `text` says why or for whom, `remedy` the command that deals with it, `process` which one wrote it.
    """

    domain: str
    kind: Kind
    outcome: Outcome
    version: int = 0
    text: str = ""
    remedy: str = ""
    process: str = ""
    time: str = ""

    @property
    def lives(self) -> bool:
        """Whether the process that wrote it still runs; of one on another machine it is taken for granted."""
        return not is_of_this_machine(self.process) or still_runs(self.process, datetime.fromisoformat(self.time))

    @property
    def is_mine(self) -> bool:
        """Whether this process wrote it."""
        return self.process == here() and self.lives


class Events:
    """The events of all domains, in the ledger's database.

    Raises:
        LedgerError: the database cannot be reached (here or in any method).
    """

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL and brings its tables up to date."""
        self._database = Database(url)
        ensure_schema(self._database)

    def add(self, event: Event) -> Event:
        """Writes an event of this process and moment."""
        with self._database.writing() as connection:
            time = row_time(connection, event.domain)
            new = replace(event, text=event.text[:TEXT_LENGTH], process=here(), time=time)
            connection.execute(insert(EVENTS).values(**asdict(new)))
        return new

    def latest(self, domain: str) -> list[Event]:
        """The newest event of each kind and version since the domain's last removal, oldest first."""
        newest = (
            select(func.max(EVENTS.c.id)).where(EVENTS.c.domain == domain).group_by(EVENTS.c.kind, EVENTS.c.version)
        )
        columns = [EVENTS.c[field.name] for field in fields(Event)]
        with self._database.reading() as connection:
            since = removed_at(connection, domain)
            rows = connection.execute(select(*columns).where(EVENTS.c.id.in_(newest)).order_by(EVENTS.c.id)).mappings()
            return [Event(**row) for row in rows if row["time"] > since]

    def of_kind(self, domain: str, kind: Kind, count: int | None) -> list[Event]:
        """The last events of one kind (None: all) since the domain's last removal, oldest first."""
        columns = [EVENTS.c[field.name] for field in fields(Event)]
        with self._database.reading() as connection:
            ours = (EVENTS.c.domain == domain) & (EVENTS.c.kind == kind)
            query = select(*columns).where(ours & (EVENTS.c.time > removed_at(connection, domain)))
            rows = connection.execute(query.order_by(EVENTS.c.id.desc()).limit(count)).mappings()
            return [Event(**row) for row in rows][::-1]


@contextmanager
def told(events: Events, event: Event) -> Iterator[None]:
    """Tells that something begins and whether it was done or failed, so that one that was cut off can be known."""
    events.add(replace(event, outcome="begun"))
    try:
        yield
    except BaseException as error:
        reason = str(error).strip().splitlines() if isinstance(error, Exception) else ["it was interrupted"]
        with suppress(RegistryError):  # what went wrong is what has to be told
            events.add(replace(event, outcome="failed", text=reason[0] if reason else type(error).__name__))
        raise
    events.add(replace(event, outcome="done"))

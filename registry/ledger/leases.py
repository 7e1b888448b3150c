"""One writer a domain, on whatever machine: a lease in the ledger's database, renewed as long as its holder lives.

The clock is the database's, so that those of the machines may differ. A lease whose process is known to be gone is free
at once; one of another machine is free when it has not been renewed for a while.
"""

import _thread
import logging
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.errors import LockedError
from data.stores.locks import domain_lock
from registry.errors import LedgerError
from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import LEASES
from settings.machine import load_settings
from settings.processes import here, is_of_this_machine, still_runs

log = logging.getLogger(__name__)

RENEWED = 15.0  # seconds
LASTS = timedelta(minutes=3)  # a network that is away for two minutes costs nobody their work
LOOK = 2.0  # seconds between two looks of one who waits
_HELD: dict[tuple[str, str], "_Lease"] = {}  # those of this process: one flow may run inside another


@contextmanager
def domain_lease(name: str, doing: str, wait: float = 0.0) -> Iterator[None]:
    """Holds a domain while the block runs, against other processes of this machine and against other machines.

    Raises:
        LockedError: another process still holds it after `wait` seconds, or has taken it because this one was cut off
            from the database for too long.
        StorageError: the disk refuses the lock's files.
        LedgerError: the database cannot be reached.
    """
    settings = load_settings()
    with domain_lock(settings.home, name, doing, wait), _leased(settings.ledger, name, doing, wait):
        yield


@contextmanager
def _leased(url: str, name: str, doing: str, wait: float) -> Iterator[None]:
    """Takes the lease, unless an outer block of this process has it."""
    if (url, name) in _HELD:
        yield
        return
    lease = _HELD[url, name] = _Lease(url, name)
    try:
        lease.take(doing, wait)
        with lease.kept():
            yield
    finally:
        del _HELD[url, name]


@dataclass(frozen=True)
class Holder:
    """Who has a lease."""

    token: str
    doing: str
    process: str
    since: datetime
    seen: datetime

    def lives(self, now: datetime) -> bool:
        """Whether its process may still be at work."""
        if is_of_this_machine(self.process):
            return still_runs(self.process, self.since)
        return now - self.seen < LASTS

    def __str__(self) -> str:
        machine, _, number = self.process.rpartition(":")
        return f"{self.doing} runs in process {number} of {machine} since {self.since:%Y-%m-%dT%H:%M:%S%z}"


def holder_of(name: str) -> str | None:
    """What holds a domain at present, on whatever machine, in words; None: nothing does."""
    database = Database(load_settings().ledger)
    ensure_schema(database)
    with database.reading() as connection:
        found = _holder(connection, name)
        return str(found) if found and found.lives(_now(connection)) else None


class _Lease:
    """The lease of one domain, as this process has it."""

    def __init__(self, url: str, name: str) -> None:
        self._database, self._name, self._token = Database(url), name, uuid.uuid4().hex
        self._lost = False
        ensure_schema(self._database)

    def take(self, doing: str, wait: float) -> None:
        """Takes the lease as soon as nobody has it.

        Raises:
            LockedError: somebody still has it after `wait` seconds.
        """
        deadline, told = time.monotonic() + wait, False
        while holder := self._taken(doing):
            if time.monotonic() >= deadline:
                raise LockedError(f"{self._name!r} is busy: {holder}; wait for it to end, or stop that process")
            if not told:
                log.warning("%r is busy: %s; this run waits up to %d minutes", self._name, holder, wait / 60)
                told = True
            time.sleep(LOOK)

    def _taken(self, doing: str) -> Holder | None:
        """Takes the lease, or says who has it."""
        with suppress(IntegrityError), self._database.writing() as connection:
            now, holder = _now(connection), _holder(connection, self._name)
            if holder and holder.lives(now):
                return holder
            row = {"token": self._token, "doing": doing, "process": here(), "since": now, "seen": now}
            if holder:  # as it was read: of two that find it dead the second one finds another token
                dead = (LEASES.c.domain == self._name) & (LEASES.c.token == holder.token)
                taken = connection.execute(update(LEASES).where(dead).values(**row)).rowcount
            else:
                taken = connection.execute(insert(LEASES).values(domain=self._name, **row)).rowcount
            if taken:
                return None
        return self._winner(doing)

    def _winner(self, doing: str) -> Holder | None:
        """Who was quicker; None: that one has ended again, and this process has it."""
        with self._database.reading() as connection:
            holder = _holder(connection, self._name)
        return holder or self._taken(doing)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renews the lease while the block runs, and gives it back.

        Raises:
            LockedError: another process took it meanwhile; the block was interrupted.
        """
        ended = threading.Event()
        keeper = threading.Thread(target=self._renew, args=(ended,), name=f"lease of {self._name}", daemon=True)
        keeper.start()
        try:
            yield
        except KeyboardInterrupt:
            if not self._lost:
                raise
        finally:
            ended.set()
            keeper.join()
            self._give_back()
        if self._lost:
            cut = f"{self._name!r} was taken over by another machine while this one did not reach the database"
            raise LockedError(f"{cut}; what this run has not recorded is left to that one")

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(RENEWED):
            if not self._is_renewed():
                self._lost = True
                _interrupt()
                return

    def _is_renewed(self) -> bool:
        """Renews the lease; False: another one has it. While the database is away, it is tried again."""
        try:
            with self._database.writing() as connection:
                ours = (LEASES.c.domain == self._name) & (LEASES.c.token == self._token)
                return bool(connection.execute(update(LEASES).where(ours).values(seen=_now(connection))).rowcount)
        except LedgerError as error:
            log.warning("the lease of %r cannot be renewed now: %s", self._name, error)
            return True

    def _give_back(self) -> None:
        with suppress(LedgerError), self._database.writing() as connection:  # it ends by itself
            ours = (LEASES.c.domain == self._name) & (LEASES.c.token == self._token)
            connection.execute(delete(LEASES).where(ours))


def _interrupt() -> None:
    """Interrupts the block; a process that ignores Ctrl-C, as one behind a shell's `&`, is told to end instead."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.raise_signal(signal.SIGTERM)
    else:
        _thread.interrupt_main()


def _holder(connection: Connection, name: str) -> Holder | None:
    columns = [LEASES.c[field] for field in ("token", "doing", "process", "since", "seen")]
    row = connection.execute(select(*columns).where(LEASES.c.domain == name)).mappings().first()
    if row is None:
        return None
    return Holder(**dict(row) | {"since": _utc(row["since"]), "seen": _utc(row["seen"])})


def _now(connection: Connection) -> datetime:
    """The database's clock."""
    return _utc(connection.execute(select(func.current_timestamp())).scalar_one())


def _utc(value: datetime) -> datetime:
    """SQLite's moments have no zone, and are UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

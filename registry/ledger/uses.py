"""The record of every use of a test set: a set that was looked at often has told more than it should."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

from sqlalchemy import Connection, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.stores.dataset import Dataset
from registry.errors import LedgerConflictError
from registry.gate.spending import Turn
from registry.ledger.history import removed_at, row_time
from registry.ledger.records import Decided, last_decision, write_record
from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import TEST_SET_USES
from settings.machine import Settings

Purpose = Literal["evaluate", "compare"]
QUESTION = ("test_set", "question", "version", "champion")  # what makes two uses of a generation the same one
UNREGISTERED = 0  # stands for the version of a model whose card is written before it has a number
ATTEMPTS = 50  # each lost race means that another process has won one


@dataclass(frozen=True)
class Use:
    """One use of a generation's test set: `version` judged by it, against `champion` where there is one.

    `number` is 0 until the use is counted; where two models are compared it is comparison `look` on the test set.
    `outcome` is empty until the gate has decided.
    """

    domain: str
    generation: int
    test_set: str
    question: str
    version: int
    champion: int | None
    actor: str
    number: int = 0
    look: int | None = None
    outcome: str = ""
    time: str = ""

    @property
    def purpose(self) -> Purpose:
        """Only a comparison spends; the first model of a domain is evaluated alone."""
        return "evaluate" if self.champion is None else "compare"

    @property
    def turn(self) -> Turn:
        """What the gate needs to know of a counted use."""
        return Turn(generation=self.generation, use=self.number, look=self.look)


class Uses:
    """The uses of all test sets, in the ledger's database; any number of processes may use it at once.

    Raises:
        LedgerError: the database cannot be reached (here or in any method).
    """

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL and brings its tables up to date."""
        self._database = Database(url)
        ensure_schema(self._database)

    def of(self, domain: str, generation: int) -> list[Use]:
        """Every use of the test set of one generation of a domain, in order; not those of a removed one of its name."""
        with self._database.reading() as connection:
            return _present(connection, _counted(connection, domain, generation))

    def take(self, use: Use) -> Use:
        """Counts a use before it happens; the same question again is the same use and spends nothing.

        Raises:
            LedgerConflictError: other processes were always faster.
        """
        return self._written(use.domain, lambda connection: _known_or_new(connection, use))

    def settle(self, use: Use, outcome: str, decided: Decided | None = None) -> Use:
        """Writes what came of a use and what that is bound to; of a repeated one, what came of it last.

        Raises:
            LedgerConflictError: other processes were always faster.
        """
        return self._written(use.domain, lambda connection: _settled(connection, use, outcome, decided))

    def decided(self, domain: str, version: int) -> Decided | None:
        """What the newest decision about a version is bound to; none: there is none on record."""
        with self._database.reading() as connection:
            return last_decision(connection, domain, version, removed_at(connection, domain))

    def _written(self, domain: str, write: Callable[[Connection], Use]) -> Use:
        """What was written, once no other process has taken the same number meanwhile."""
        for _ in range(ATTEMPTS):
            with suppress(IntegrityError), self._database.writing() as connection:
                return write(connection)
        raise LedgerConflictError(f"{domain}: the test set is in use by many processes; evaluate again later")


def count_evaluation(settings: Settings, domain: str, dataset: Dataset, question: str, version: int) -> None:
    """Counts that a version is judged on a test set; call it before anything can be seen of the result.

    Raises:
        LedgerError: the ledger's database cannot be reached.
    """
    judged = Use(domain, dataset.generation, dataset.test_set, question, version, champion=None, actor=settings.who)
    Uses(settings.ledger).take(judged)


def _known_or_new(connection: Connection, use: Use) -> Use:
    counted = _counted(connection, use.domain, use.generation)
    earlier = _present(connection, counted)
    for one in earlier:
        if all(getattr(one, name) == getattr(use, name) for name in QUESTION):
            return one
    compared = sum(one.look is not None for one in earlier)
    look = compared + 1 if use.purpose == "compare" else None
    number = max((one.number for one in counted), default=0) + 1
    new = replace(use, number=number, look=look, time=row_time(connection, use.domain))
    connection.execute(insert(TEST_SET_USES).values(purpose=new.purpose, **asdict(new)))
    write_record(connection, use.domain, "use", asdict(new))
    return new


def _settled(connection: Connection, use: Use, outcome: str, decided: Decided | None) -> Use:
    place = and_(
        TEST_SET_USES.c.domain == use.domain,
        TEST_SET_USES.c.generation == use.generation,
        TEST_SET_USES.c.number == use.number,
    )
    connection.execute(update(TEST_SET_USES).where(place).values(outcome=outcome))
    bound = {"generation": use.generation, "number": use.number, "version": use.version, "outcome": outcome}
    write_record(connection, use.domain, "outcome", {**bound, "decided": asdict(decided) if decided else None})
    return replace(use, outcome=outcome)


def _present(connection: Connection, uses: list[Use]) -> list[Use]:
    """The uses since the last removal of the domain: the rows of those before stay, but they spend nothing any more."""
    if not uses:
        return []
    removed = removed_at(connection, uses[0].domain)
    return [use for use in uses if use.time > removed]


def _counted(connection: Connection, domain: str, generation: int) -> list[Use]:
    columns = [TEST_SET_USES.c[field.name] for field in fields(Use)]
    query = select(*columns).where(TEST_SET_USES.c.domain == domain, TEST_SET_USES.c.generation == generation)
    return [Use(**row) for row in connection.execute(query.order_by(TEST_SET_USES.c.number)).mappings()]

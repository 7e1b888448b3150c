"""The record of every use of a test set: a set that was looked at often has told more than it should."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from data.stores.dataset import Dataset
from registry.errors import LedgerConflictError
from registry.gate.spending import Turn
from registry.ledger.database import Database, hold_schema
from settings.machine import load_settings

Purpose = Literal["evaluate", "compare"]
UNREGISTERED = 0  # stands for the version of a model whose card is written before it has a number
ATTEMPTS = 50  # each lost race means that another process has won one

TABLE = Table(
    "test_set_uses",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("look", Integer, nullable=True),
    Column("test_set", String(64), nullable=False),
    Column("question", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("champion", Integer, nullable=True),
    Column("purpose", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("time", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    # two writers that count the same rows take the same number: on any database the second one fails
    UniqueConstraint("domain", "generation", "number"),
)


@dataclass(frozen=True)
class Asked:
    """What is wanted of a test set: `version` judged by it, against `champion` where there is one."""

    domain: str
    generation: int
    test_set: str
    question: str
    version: int
    champion: int | None

    @property
    def purpose(self) -> Purpose:
        """Only a comparison spends; the first model of a domain is evaluated alone."""
        return "evaluate" if self.champion is None else "compare"


@dataclass(frozen=True)
class Use:
    """One row: use `number` of a generation's test set and, where two models were compared, comparison `look` on it.

    `outcome` is empty until the gate has decided.
    """

    domain: str
    generation: int
    number: int
    look: int | None
    test_set: str
    question: str
    version: int
    champion: int | None
    purpose: str
    outcome: str
    time: str
    actor: str

    @property
    def turn(self) -> Turn:
        """What the gate needs to know of it."""
        return Turn(generation=self.generation, use=self.number, look=self.look)


class Looks:
    """The uses of all test sets, in the ledger's database; any number of processes may use it at once.

    Raises:
        LedgerError: the database cannot be reached (here or in any method).
    """

    def __init__(self, url: str) -> None:
        """Opens the database of that SQLAlchemy URL and creates the table if need be."""
        self._database = Database(url)
        self._ensure_table()

    def take(self, asked: Asked, actor: str) -> Use:
        """Counts a use before it happens; the same question again is the same use and spends nothing.

        Raises:
            LedgerConflictError: other processes were always faster.
        """
        for _ in range(ATTEMPTS):
            use = self._tried(asked, actor)
            if use is not None:
                return use
        raise LedgerConflictError(f"{asked.domain}: the test set is in use by many processes; evaluate again later")

    def _tried(self, asked: Asked, actor: str) -> Use | None:
        """The use, or None where another process took its number meanwhile."""
        try:
            with self._database.writing() as connection:
                return _known_or_new(connection, asked, actor)
        except IntegrityError:
            return None

    def _ensure_table(self) -> None:
        """Creates the table where there is none; where it is there, opening it needs no write lock."""
        with self._database.reading() as connection:
            if inspect(connection).has_table(TABLE.name):
                return
        with self._database.writing() as connection:
            hold_schema(connection)
            TABLE.create(connection, checkfirst=True)

    def settle(self, use: Use, outcome: str) -> Use:
        """Writes what came of a use; of a repeated one, what came of it last."""
        place = and_(TABLE.c.domain == use.domain, TABLE.c.generation == use.generation, TABLE.c.number == use.number)
        with self._database.writing() as connection:
            connection.execute(update(TABLE).where(place).values(outcome=outcome))
        return replace(use, outcome=outcome)

    def uses(self, domain: str, generation: int) -> list[Use]:
        """Every use of the test set of one generation of a domain, in order."""
        with self._database.reading() as connection:
            return _uses(connection, domain, generation)


def count_evaluation(domain: str, dataset: Dataset, question: str, version: int) -> None:
    """Counts that a version is judged on a test set; call it before anything can be seen of the result.

    Raises:
        LedgerError: the ledger's database cannot be reached.
    """
    settings = load_settings()
    asked = Asked(domain, dataset.generation, dataset.test_set, question, version, champion=None)
    Looks(settings.ledger).take(asked, settings.who)


def _known_or_new(connection: Connection, asked: Asked, actor: str) -> Use:
    earlier = _uses(connection, asked.domain, asked.generation)
    wanted = asdict(asked)
    for use in earlier:
        if all(getattr(use, name) == value for name, value in wanted.items()):
            return use
    compared = sum(use.look is not None for use in earlier)
    row: dict[str, Any] = {
        **wanted,
        "number": len(earlier) + 1,
        "purpose": asked.purpose,
        "outcome": "",
        "actor": actor,
    }
    row["look"] = compared + 1 if asked.purpose == "compare" else None
    row["time"] = datetime.now(UTC).isoformat(timespec="microseconds")
    connection.execute(insert(TABLE).values(row))
    return Use(**row)


def _uses(connection: Connection, domain: str, generation: int) -> list[Use]:
    columns = [column for column in TABLE.columns if column.name != "id"]
    query = select(*columns).where(TABLE.c.domain == domain, TABLE.c.generation == generation)
    return [Use(**row) for row in connection.execute(query.order_by(TABLE.c.number)).mappings()]

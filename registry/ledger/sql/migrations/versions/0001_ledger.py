"""Ledger and uses of test sets; tables that were made before there were migrations are taken over.

A ledger of the first release lacks four columns. It gets them, and its rows a chain; what they said before stays.
A ledger that has them is left alone: to chain its rows anew would hide that one was changed.
"""

from itertools import groupby

from alembic import op
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, Text, UniqueConstraint, inspect, select

from registry.ledger.chain import START, chained

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates what is not there and brings a ledger of the first release up to date."""
    connection = op.get_bind()
    ledger, later = _ledger(), {column.name: column for column in _later()}
    for table in (ledger, _uses()):
        table.create(connection, checkfirst=True)
    there = {column["name"] for column in inspect(connection).get_columns(ledger.name)}
    lacking = [column for name, column in later.items() if name not in there]
    for column in lacking:
        op.add_column(ledger.name, column)
    if lacking:
        _chain(connection, ledger)


def _chain(connection: Connection, ledger: Table) -> None:
    """Gives the rows of each domain their hashes; the champion that was expected was the one that was left."""
    rows = connection.execute(select(ledger).order_by(ledger.c.domain, ledger.c.sequence)).mappings().all()
    for _, ours in groupby(rows, key=lambda row: row["domain"]):
        previous = START
        for row in ours:
            linked = chained({**row, "expected_from": row["from_version"]}, previous)
            connection.execute(ledger.update().where(ledger.c.id == row["id"]).values(linked))
            previous = linked["hash"]


def _ledger() -> Table:
    return Table(
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
        *_later(),
        UniqueConstraint("domain", "sequence"),
    )


def _later() -> list[Column[int] | Column[str]]:
    """The columns that the first release did not have."""
    return [
        Column("expected_from", Integer, nullable=True),
        Column("approval", Text, nullable=False, server_default=""),
        Column("previous_hash", String(64), nullable=False, server_default=""),
        Column("hash", String(64), nullable=False, server_default=""),
    ]


def _uses() -> Table:
    return Table(
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
        UniqueConstraint("domain", "generation", "number"),
    )

"""The ledger's table: its columns, and how a table of an earlier release gets those that it lacks."""

from itertools import groupby
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    select,
    update,
)
from sqlalchemy.schema import CreateColumn

from registry.ledger.chain import START, chained
from registry.ledger.database import Database, hold_schema

TABLE = Table(
    "ledger",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("action", String(20), nullable=False),
    Column("from_version", Integer, nullable=True),
    Column("to_version", Integer, nullable=False),
    Column("expected_from", Integer, nullable=True),
    Column("actor", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("approval", Text, nullable=False, server_default=""),
    Column("evidence", String(64), nullable=False),
    Column("dataset_version", String(200), nullable=False),
    Column("time", String(40), nullable=False),
    Column("previous_hash", String(64), nullable=False, server_default=""),
    Column("hash", String(64), nullable=False, server_default=""),
    # two writers that read the same last row take the same number: on any database the second one fails
    UniqueConstraint("domain", "sequence"),
)


def ensure_table(database: Database) -> None:
    """Creates the table, or gives a table of an earlier release its new columns, in one transaction."""
    with database.reading() as connection:
        if not _lacking(connection):
            return
    with database.writing() as connection:
        hold_schema(connection)
        lacking = _lacking(connection)
        if len(lacking) == len(TABLE.columns):
            TABLE.create(connection)
        elif lacking:
            _migrate(connection, lacking)


def _lacking(connection: Connection) -> list[Column[Any]]:
    """Columns that the table in the database does not have; all of them where there is no table."""
    found = inspect(connection)
    there = {column["name"] for column in found.get_columns("ledger")} if found.has_table("ledger") else set()
    return [column for column in TABLE.columns if column.name not in there]


def _migrate(connection: Connection, lacking: list[Column[Any]]) -> None:
    """Adds the columns and chains the rows that are there; what they said before stays as it was."""
    for column in lacking:
        definition = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE ledger ADD COLUMN {definition}")
    rows = connection.execute(select(TABLE).order_by(TABLE.c.domain, TABLE.c.sequence)).mappings().all()
    for _, ours in groupby(rows, key=lambda row: row["domain"]):
        previous = START
        for row in ours:
            linked = chained({**row, "expected_from": row["from_version"]}, previous)
            connection.execute(update(TABLE).where(TABLE.c.id == row["id"]).values(linked))
            previous = linked["hash"]

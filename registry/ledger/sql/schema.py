"""How a database gets the ledger's tables, and those of an earlier release become this one's: by Alembic, once."""

from sqlalchemy import Connection, column, func, inspect, select, table

from registry.errors import LedgerError
from registry.ledger.sql.database import Database

HEAD = "0006"  # the newest of migrations/versions, known without importing Alembic
VERSION_TABLE = "regraft_ledger_version"  # `alembic_version` is MLflow's or Prefect's, which may share the database
SCHEMA_LOCK = 0x52454752  # any number that no other program locks in the same database


def ensure_schema(database: Database) -> None:
    """Brings the tables up to date in one transaction; where they are, opening needs neither write lock nor Alembic.

    Raises:
        LedgerError: a later release made the tables.
    """
    with database.reading() as connection:
        if _revision(connection) == HEAD:
            return
    with database.writing() as connection:
        _hold(connection)
        _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    """The migration that the tables came from; None: none yet, or an earlier release that knew no migrations."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))


def _hold(connection: Connection) -> None:
    """Lets other processes wait that create or change a table; on PostgreSQL two that create one at once would fail."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(SCHEMA_LOCK)))


def _upgrade(connection: Connection) -> None:
    """Runs the migrations that are missing; those that another process has run meanwhile are passed over."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "registry.ledger.sql:migrations")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        found = f"the ledger's tables have revision {_revision(connection)}, this release knows them up to {HEAD}"
        raise LedgerError(f"{found}; use the release that made them, or a later one") from error

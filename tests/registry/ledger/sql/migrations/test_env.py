"""Migrations run in a database that other programs migrate, too."""

import pytest
from sqlalchemy import Connection, column, inspect, select, table, text

from registry.ledger.ledger import Ledger
from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import HEAD, VERSION_TABLE, _upgrade
from registry.store.client import mlflow_client


def revisions(connection: Connection, name: str) -> list[str]:
    """What Alembic noted in a version table."""
    return list(connection.scalars(select(column("version_num")).select_from(table(name))))


def test_env__database_of_mlflow(tracked):
    """The ledger in MLflow's own database leaves MLflow's revision alone; both go on working."""
    url = f"sqlite:///{tracked / '.regraft' / 'mlflow.db'}"
    with Database(url).reading() as connection:
        before = revisions(connection, "alembic_version")
    Ledger(url)
    with Database(url).reading() as connection:
        assert [revisions(connection, name) for name in ("alembic_version", VERSION_TABLE)] == [before, [HEAD]]
    assert mlflow_client().search_experiments()
    assert Ledger(url).domains() == []


def test_env__postgresql_of_another_program(postgresql):
    """A revision that is nobody's business here stays, and is not taken for the ledger's."""
    database = Database(postgresql)
    with database.writing() as connection:
        connection.execute(text("create table alembic_version (version_num varchar(32) not null)"))
        connection.execute(text("insert into alembic_version values ('5d01f1c3a2b9')"))
    Ledger(postgresql)
    with database.reading() as connection:
        assert revisions(connection, "alembic_version") == ["5d01f1c3a2b9"]
        assert revisions(connection, VERSION_TABLE) == [HEAD]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_env__no_transaction_of_its_own(kind, tmp_path, request):
    """What fails after the migrations takes them back: they belong to the caller's transaction."""
    url = request.getfixturevalue("postgresql") if kind == "postgresql" else f"sqlite:///{tmp_path / 'ledger.db'}"
    database = Database(url)
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        _upgrade(connection)
        raise ZeroDivisionError
    with database.reading() as connection:
        assert not inspect(connection).get_table_names()

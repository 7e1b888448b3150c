"""The tables that the code reads and writes are those that the migrations make."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from registry.ledger.ledger import Ledger
from registry.ledger.sql.database import open_engine
from registry.ledger.sql.schema import VERSION_TABLE
from registry.ledger.sql.tables import METADATA


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_metadata__as_migrated(database, tmp_path, request):
    """Alembic finds no difference in tables, columns, types or constraints."""
    url = request.getfixturevalue("postgresql") if database == "postgresql" else f"sqlite:///{tmp_path / 'ledger.db'}"
    Ledger(url)
    with open_engine(url).begin() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert not compare_metadata(context, METADATA)

"""The tables are brought up to date once; afterwards opening them costs one look."""

import sys

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import column, table, update

from registry.errors import LedgerError
from registry.ledger.ledger import Ledger
from registry.ledger.sql.database import Database, for_writing, open_engine
from registry.ledger.sql.schema import HEAD, VERSION_TABLE, ensure_schema


@pytest.fixture
def url(tmp_path):
    """A ledger that is up to date."""
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    Ledger(address)
    return address


def test_head__newest_migration():
    """What the code takes for the newest migration is the newest one in the folder, and the only one at the end."""
    config = Config()
    config.set_main_option("script_location", "registry.ledger.sql:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_ensure_schema__up_to_date(url, monkeypatch):
    """Opening waits for no writer and imports no Alembic."""
    monkeypatch.setattr("registry.ledger.sql.database.BUSY_SECONDS", 0)
    monkeypatch.setitem(sys.modules, "alembic", None)
    with for_writing(open_engine(url)).begin():
        ensure_schema(Database(url))
        assert Ledger(url).domains() == []


def test_ensure_schema__of_a_later_release(url):
    """A release that does not know the tables leaves them alone and says which one does."""
    with for_writing(open_engine(url)).begin() as connection:
        connection.execute(update(table(VERSION_TABLE, column("version_num"))).values(version_num="0999"))
    told = f"^the ledger's tables have revision 0999, this release knows them up to {HEAD}; use"
    with pytest.raises(LedgerError, match=told):
        Ledger(url)

"""An upgrade copies the databases first, and does nothing where nothing is to do."""

import sqlite3
from contextlib import closing

import pytest

from data.errors import LockedError
from registry.ledger.ledger import Ledger
from registry.ledger.sql.copies import table_revision
from registry.ledger.sql.schema import HEAD, VERSION_TABLE
from settings.machine import load_settings
from tasks.keeping.prefect_database import prefect_revisions
from tasks.keeping.upgrade import Step, Upgraded, pending, upgrade_databases


@pytest.fixture
def earlier(tracked, own_prefect):
    """A project whose ledger is one release back."""
    Ledger(load_settings().ledger)
    with closing(sqlite3.connect(tracked / ".regraft" / "ledger.db", isolation_level=None)) as database:
        for later in ("project", "leases", "datasets"):
            database.execute(f"drop table regraft_{later}")
        database.execute("update regraft_ledger_version set version_num = '0004'")
    return tracked


def test_upgrade_databases__ledger_of_an_earlier_release(earlier):
    """The dry run changes nothing; then the ledger is today's, what it was lies beside, and nothing is left to do."""
    steps = (Step("ledger", "0004", HEAD),)
    assert pending() == Upgraded(steps)
    found = upgrade_databases()
    assert found.steps == steps
    assert found.backup.parent == earlier / ".regraft" / "backups"
    assert table_revision(f"sqlite:///{found.backup / 'ledger.db'}", VERSION_TABLE) == "0004"
    assert table_revision(load_settings().ledger, VERSION_TABLE) == HEAD

    assert upgrade_databases() == Upgraded(())
    assert list(found.backup.parent.iterdir()) == [found.backup]


@pytest.mark.usefixtures("busy")
def test_upgrade_databases__while_a_domain_is_worked_on(earlier):
    """Nothing is migrated under a run's feet."""
    with pytest.raises(LockedError, match="'photos' is busy: retrain runs"):
        upgrade_databases()
    assert table_revision(load_settings().ledger, VERSION_TABLE) == "0004"


def test_prefect_revisions__of_another_release(tmp_path):
    """What the tables say, and what the installed Prefect needs."""
    with closing(sqlite3.connect(tmp_path / "prefect.db", isolation_level=None)) as database:
        database.execute("create table alembic_version (version_num varchar(32))")
        database.execute("insert into alembic_version values ('old')")
    before, needed = prefect_revisions(f"sqlite:///{tmp_path / 'prefect.db'}")
    assert before == "old"
    assert len(needed) == 12

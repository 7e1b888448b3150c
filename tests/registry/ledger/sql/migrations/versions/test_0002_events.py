"""A ledger that was made before there were events gets their table."""

from sqlalchemy import column, table, update

from registry.ledger.events import Event, Events
from registry.ledger.ledger import Change, Ledger
from registry.ledger.sql.database import for_writing, open_engine
from registry.ledger.sql.schema import VERSION_TABLE
from registry.ledger.sql.tables import CHECKS, DATASETS, EVENTS, LEASES, MARKS, PROJECT, RECORDS

FACTS = {"actor": "a", "reason": "r", "evidence": "", "dataset_version": "d"}


def test_upgrade__ledger_without_events(tmp_path):
    """The rows that were there stay, and events can be written."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Ledger(url).append(Change("photos", "promote", None, 1, **FACTS))
    with for_writing(open_engine(url)).begin() as connection:
        for later in (EVENTS, RECORDS, CHECKS, MARKS, PROJECT, LEASES, DATASETS):
            later.drop(connection)
        connection.execute(update(table(VERSION_TABLE, column("version_num"))).values(version_num="0001"))
    Events(url).add(Event("photos", "retrain", "begun"))
    assert [event.kind for event in Events(url).latest("photos")] == ["retrain"]
    assert (Ledger(url).champion("photos"), Ledger(url).verify("photos").fault) == (1, None)

"""A ledger that was made before there were records gets their table."""

from sqlalchemy import column, table, update

from registry.ledger.ledger import Change, Ledger
from registry.ledger.sql.database import for_writing, open_engine
from registry.ledger.sql.schema import VERSION_TABLE
from registry.ledger.sql.tables import CHECKS, DATASETS, LEASES, MARKS, PROJECT, RECORDS
from registry.ledger.uses import Use, Uses

FACTS = {"actor": "a", "reason": "r", "evidence": "", "dataset_version": "d"}
USE = Use("photos", 0, "t", "q", 2, 1, "Ada")


def test_upgrade__ledger_without_records(tmp_path):
    """Uses that were counted before are taken as they are; those that come are recorded."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Ledger(url).append(Change("photos", "promote", None, 1, **FACTS))
    before = Uses(url).take(USE)
    with for_writing(open_engine(url)).begin() as connection:
        for later in (CHECKS, MARKS, PROJECT, LEASES, DATASETS):
            later.drop(connection)
        RECORDS.drop(connection)
        connection.execute(update(table(VERSION_TABLE, column("version_num"))).values(version_num="0002"))
    Uses(url).settle(before, "HOLD")
    assert Uses(url).take(Use("photos", 0, "t", "q", 3, 1, "Ada")).number == 2
    assert Ledger(url).verify("photos").fault is None

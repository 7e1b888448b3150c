"""A rollback is for the moment in which a model does harm: it waits for nothing, and is there whole or not at all."""

import pytest

from data.errors import LockedError
from data.stores.locks import domain_lock
from flows.rollback import rollback
from registry.errors import LedgerError
from registry.ledger.ledger import Ledger
from registry.store.aliases import follow_ledger
from registry.store.client import mlflow_client
from settings.machine import load_settings
from tests.canary import write
from tests.disks import fill


@pytest.fixture
def second(registered, project):
    """Puts a first and then a second version into production."""

    def make() -> Ledger:
        (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
        registered(), registered()
        write(None, 1), write(1, 2)
        return Ledger(load_settings().ledger)

    return make


def test_rollback__during_a_retrain(second, busy, prefect_api):
    """A retrain of the domain holds its lock, and the rollback is written at once."""
    ledger = second()
    with pytest.raises(LockedError), domain_lock(load_settings().home, "photos", "test"):
        pass
    assert rollback("photos", "worse at night").champion == ledger.champion("photos") == 1


def test_rollback__ledger_does_not_fit(second, small_disk, prefect_api, monkeypatch):
    """A row that the ledger's disk refuses is not there: what was in production stays, until there is room."""
    disk = small_disk("disk", 1)
    monkeypatch.setenv("REGRAFT_LEDGER_URL", f"sqlite:///{disk}/ledger.db")
    ledger = second()
    follow_ledger("photos")
    ballast = fill(disk)
    told = r"ledger\.db: database or disk is full; nothing was written; make room on its disk"
    with pytest.raises(LedgerError, match=told):
        rollback("photos", "worse at night")
    assert (ledger.champion("photos"), ledger.verify("photos").fault) == (2, None)
    assert mlflow_client().get_registered_model("photos").aliases["champion"] == 2
    ballast.unlink()
    assert rollback("photos", "worse at night").champion == ledger.champion("photos") == 1

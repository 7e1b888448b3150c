"""A rollback is for the moment in which a model does harm: it waits for nothing."""

import pytest

from data.errors import LockedError
from data.stores.locks import domain_lock
from flows.rollback import rollback
from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings


def test_rollback__during_a_retrain(registered, project, busy, prefect_api):
    """A retrain of the domain holds its lock, and the rollback is written at once."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    registered(), registered()
    ledger, facts = (
        Ledger(load_settings().ledger),
        {"actor": "me", "reason": "r", "evidence": "", "dataset_version": ""},
    )
    for before, after in ((None, 1), (1, 2)):
        ledger.append(Change("photos", action="promote", expected=before, to=after, **facts))
    with pytest.raises(LockedError), domain_lock(load_settings().home, "photos", "test"):
        pass
    assert rollback("photos", "worse at night").champion == ledger.champion("photos") == 1

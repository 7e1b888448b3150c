"""What the serving process mends when it starts."""

import pytest

from data.settings import load_settings
from flows.serve import mend_aliases
from registry.ledger import Ledger
from registry.tracking import mlflow_client


@pytest.fixture
def interrupted(tracked):
    """A promotion whose process died after the row."""
    client = mlflow_client()
    client.create_registered_model("photos")
    client.create_model_version("photos", tracked.as_uri())
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append("photos", action="promote", expected=None, to=1, **facts)


@pytest.mark.usefixtures("interrupted")
def test_mend_aliases__after_a_kill():
    """The alias follows the ledger, whatever domain files there are."""
    mend_aliases(load_settings())
    assert int(mlflow_client().get_model_version_by_alias("photos", "champion").version) == 1


@pytest.mark.usefixtures("interrupted")
def test_mend_aliases__mlflow_down(monkeypatch, caplog):
    """It is told, and the schedules run all the same."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", "http://127.0.0.1:9")
    mend_aliases(load_settings())
    assert "cannot read the aliases of 'photos'" in caplog.text

"""What the serving process mends when it starts."""

import pytest

from flows.scheduler.runner import close_runs, mend_aliases
from registry.errors import RegistryError
from registry.ledger.ledger import Change, Ledger
from registry.store.aliases import follow_ledger
from registry.store.client import mlflow_client
from registry.store.run_marks import SINCE
from registry.store.tracking import log_values, start_run
from settings.machine import load_settings


@pytest.fixture
def interrupted(tracked):
    """A promotion in each of two domains whose process died after the row."""
    client, ledger = mlflow_client(), Ledger(load_settings().ledger)
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    for name in ("cells", "photos"):
        client.create_registered_model(name)
        client.create_model_version(name, tracked.as_uri())
        ledger.append(Change(name, action="promote", expected=None, to=1, **facts))


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


@pytest.mark.usefixtures("interrupted")
def test_mend_aliases__fault_in_one_domain(monkeypatch, caplog):
    """A domain that cannot be mended is told; the next one is mended."""

    def fails_for_cells(name):
        if name == "cells":
            raise RegistryError("cells: other processes change MLflow's aliases all the time")
        return follow_ledger(name)

    monkeypatch.setattr("registry.store.aliases.follow_ledger", fails_for_cells)
    mend_aliases(load_settings())
    assert "cells: other processes" in caplog.text
    assert int(mlflow_client().get_model_version_by_alias("photos", "champion").version) == 1


@pytest.mark.usefixtures("tracked")
def test_close_runs__of_killed_processes():
    """A run that a kill left running has ended after the next start; what goes on is left alone."""
    settings = load_settings()
    stale, living = (start_run("digits", name, {}) for name in ("train", "rank"))
    log_values(stale, {}, {}, {SINCE: "2020-01-01T00:00:00+00:00"})  # of a process before this one
    status = [mlflow_client().get_run(run).info.status for run in (stale, living)]
    close_runs(settings)
    status += [mlflow_client().get_run(run).info.status for run in (stale, living)]
    assert status == ["RUNNING", "RUNNING", "KILLED", "RUNNING"]

"""The run that holds a retrain together."""

from registry.ledger.ledger import Change, Ledger
from registry.store.client import mlflow_client
from registry.store.run_marks import SINCE
from registry.store.tracking import log_values, start_run
from settings.machine import load_settings
from tasks.retrain import open_retrain_run


def test_open_retrain_run__after_a_kill(registered):
    """What a killed process left open is closed, and the alias that it did not set is set."""
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=None, to=registered(), **facts))
    stale = start_run("photos", "retrain", {})
    log_values(stale, {}, {}, {SINCE: "2020-01-01T00:00:00+00:00"})  # of a process before this one
    run_id = open_retrain_run.fn("photos", "drift")
    client = mlflow_client()
    assert int(client.get_model_version_by_alias("photos", "champion").version) == 1
    assert [client.get_run(one).info.status for one in (stale, run_id)] == ["KILLED", "RUNNING"]

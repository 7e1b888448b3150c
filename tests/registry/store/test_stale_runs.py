"""Runs that were cut off, in a real MLflow store."""

import socket
import subprocess
import sys

import pytest

from registry.store.client import mlflow_client
from registry.store.stale_runs import close_stale_runs
from registry.store.tracking import log_values, reopen_run, settled, start_run

pytestmark = pytest.mark.usefixtures("tracked")


def status(run_id: str) -> str:
    """Status of a run."""
    return str(mlflow_client().get_run(run_id).info.status)


def test_close_stale_runs__and_reopen():
    """What a killed process left is closed, what a living one writes is not; an interrupted run goes on."""
    stale, old, done, living = (start_run("photos", name, {}) for name in "abcd")
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    log_values(stale, {}, {}, {"process": f"{socket.gethostname()}:{int(gone.stdout)}"})
    mlflow_client().delete_tag(old, "process")  # as an earlier release left it
    with settled(done):
        pass
    assert close_stale_runs("photos") == 2
    assert [status(run) for run in (stale, old, done, living)] == ["KILLED", "KILLED", "FINISHED", "RUNNING"]
    parent = start_run("photos", "retrain", {})
    assert reopen_run(stale, parent)
    assert not reopen_run("0" * 32, parent)
    assert status(stale) == "RUNNING"
    assert close_stale_runs("photos") == 0, "what was taken up again is of a process that lives"
    assert mlflow_client().get_run(stale).data.tags["mlflow.parentRunId"] == parent


def test_close_stale_runs__never_trained():
    """Looking makes no experiment."""
    assert close_stale_runs("photos") == 0
    assert mlflow_client().get_experiment_by_name("photos") is None

"""The MLflow run that holds the runs of one retrain together."""

from prefect import task

from registry.tracking import close_stale_runs, start_run
from tasks.policy import IO


@task(name="open run", task_run_name="open retrain run of {name}", **IO)
def open_retrain_run(name: str, reason: str) -> str:
    """Starts the parent run; runs that an earlier, killed process left open are closed first."""
    close_stale_runs(name)
    return start_run(name, "retrain", {"reason": reason})

"""The MLflow run that holds the runs of one retrain together."""

from prefect import task

from registry.ledger.watch.retrains import IDLE
from registry.store.aliases import follow_ledger
from registry.store.stale_runs import close_stale_runs
from registry.store.tracking import log_values, start_run
from tasks.events import tell_idle
from tasks.judging.promote import Promotion
from tasks.policy import IO
from tasks.watch.acting.delivering import settle_owed


@task(name="open run", task_run_name="open retrain run of {name}", **IO)
def open_retrain_run(name: str, reason: str) -> str:
    """Starts the parent run; what an earlier, killed process left open or half shown in MLflow is mended first."""
    follow_ledger(name)
    close_stale_runs(name)
    run = start_run(name, "retrain", {"reason": reason})
    settle_owed(name, run)
    return run


@task(name="conclude", task_run_name="conclude {found.domain}: {found.outcome} v{found.version}", **IO)
def conclude(run_id: str, found: Promotion) -> Promotion:
    """Writes what came of it into the parent run, where the list of runs shows it, and for the controller."""
    if found.outcome in IDLE:
        tell_idle(found.domain, f"{found.outcome} v{found.version}")
    tags = {"decision": found.outcome, "mlflow.runName": f"retrain → {found.outcome} v{found.version}"}
    log_values(run_id, {}, {}, {**tags, "model_version": str(found.version)})
    return found

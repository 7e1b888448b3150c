"""MLflow runs whose process died without a word: they would be shown as running for ever."""

from registry.store.client import mlflow_client, registry_errors
from registry.store.run_marks import goes_on


def close_stale_runs(domain: str) -> int:
    """Marks runs as killed whose process died without a word; call it only while holding the domain's lock.

    Runs of a process that lives go on: not all that write a run hold the lock. A domain that was never trained gets no
    experiment by it.
    """
    with registry_errors("close stale runs"):
        client = mlflow_client()
        known = client.get_experiment_by_name(domain)
        found = client.search_runs([known.experiment_id], "attributes.status = 'RUNNING'") if known else []
        stale = [run for run in found if not goes_on(run.data.tags)]
        for run in stale:
            client.set_terminated(run.info.run_id, "KILLED")
    return len(stale)

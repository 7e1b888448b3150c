"""The task that keeps the prediction log small."""

from prefect import task

from serving.upkeep import tend
from tasks.policy import IO


@task(name="tend the log", task_run_name="tend the log of {domain}", **IO)
def tend_log(domain: str) -> None:
    """Merges small files of a domain's log and labels, and deletes what it keeps no longer."""
    tend(domain)

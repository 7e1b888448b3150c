"""The task that takes back the room of what is needed no longer."""

from prefect import task

from tasks.keeping.garbage import Waste, clear, find_waste
from tasks.policy import IO


@task(name="collect", task_run_name="collect what is needed no longer", **IO)
def collect(keep_days: float) -> tuple[Waste, ...]:
    """Deletes what is needed no longer, reports and logs after so many days; returns what has gone."""
    return tuple(clear(find_waste(keep_days)))

"""Gc: takes back the room of what a project needs no longer."""

from prefect import flow

from tasks.keeping.collect import collect
from tasks.keeping.garbage import KEEP_DAYS, Waste


@flow(name="gc", flow_run_name="gc")
def gc(keep_days: float = KEEP_DAYS) -> tuple[Waste, ...]:
    """Deletes caches over budget, copies and restored data without use, what killed runs left, old reports and logs."""
    return collect(keep_days)

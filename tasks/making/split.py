"""The task that draws a fresh test set."""

from prefect import task

from data.stages.refresh import Refreshed, refresh_test_split
from registry.ledger.uses import Uses
from registry.store.production import learned_from
from settings.machine import load_settings
from tasks.plan import Plan
from tasks.policy import IO


@task(name="refresh split", task_run_name="draw a fresh test set of {plan.name}", **IO)
def refresh_split(plan: Plan) -> Refreshed:
    """Retires the test set into training; samples that production learned from cannot take its place.

    A test set that nothing was compared on is fresh, as after a refresh that was interrupted: it stays.
    """
    name, dataset, used = plan.name, plan.dataset, learned_from(plan.name)
    uses = Uses(load_settings().ledger).of(name, dataset.generation)
    if all(use.look is None for use in uses):
        return Refreshed(0, len(dataset.rows("test")), dataset.generation)
    return refresh_test_split(plan.domain.root, name, plan.domain.data, used)

"""A task ends under the name of what came of it."""

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.runtime import flow_run

from tasks.judging.outcome import outcome_task
from tasks.judging.promote import Promotion
from tasks.policy import IO


@outcome_task(name="promote", task_run_name="promote {name}", **IO)
def decided(name: str, outcome: str) -> Promotion:
    """Returns a promotion of that outcome."""
    if outcome == "FAULT":
        raise ValueError("no such version")
    return Promotion(name, 2, outcome, ("not enough evidence", "wait"), 1)


@flow(name="deciding")
def deciding(outcome: str) -> tuple[str, Promotion]:
    """Runs the task and says in which run."""
    return str(flow_run.id), decided("photos", outcome)


@pytest.mark.parametrize("outcome", ["HOLD", "PROMOTE"])
def test_outcome_task__state_is_named(prefect_api, outcome):
    """The flow gets the value, and the server a completed run under the outcome's name with the reasons."""
    run_id, found = deciding(outcome)
    assert found == decided.fn("photos", outcome)
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
    with get_client(sync_client=True) as client:
        (run,) = client.read_task_runs(flow_run_filter=chosen)
    assert (run.name, run.state.type.value, run.state.name) == ("promote photos", "COMPLETED", outcome)
    assert run.state.message == "not enough evidence; wait"


def test_outcome_task__fault(prefect_api):
    """What the function raises reaches the flow."""
    with pytest.raises(ValueError, match="no such version"):
        deciding("FAULT")

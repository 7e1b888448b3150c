"""Prefect's record of commands that were killed: their runs would be shown as running for ever."""

from contextlib import AbstractContextManager

from prefect import tags
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed

from settings.processes import here, is_of_this_machine, still_runs
from tasks.server import project_tag

MARK = "process "
UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


def marked() -> AbstractContextManager[object]:
    """A command enters it around its flow: all runs below it carry the mark of this process and of the project."""
    return tags(f"{MARK}{here()}", project_tag())


def crash_abandoned_commands() -> int:
    """Marks runs as crashed whose command has died on this machine, and counts them."""
    under_way = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNDER_WAY)))
    with get_client(sync_client=True) as client:
        left = [run for run in client.read_flow_runs(flow_run_filter=under_way) if _is_abandoned(run)]
        for run in left:
            client.set_flow_run_state(run.id, Crashed(message="its command was killed"), force=True)
    return len(left)


def _is_abandoned(run: FlowRun) -> bool:
    """Runs of deployments carry no mark: their server knows them, see `flows.scheduler.deployments`."""
    process = next((tag.removeprefix(MARK) for tag in run.tags if tag.startswith(MARK)), "")
    began = run.start_time or run.created
    return began is not None and is_of_this_machine(process) and not still_runs(process, began)

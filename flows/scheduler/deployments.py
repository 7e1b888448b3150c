"""What Prefect runs by itself: a retrain and a monitor deployment of each domain, and an automation beside them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments.runner import RunnerDeployment
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.flows import Flow
from prefect.schedules import Cron, Schedule
from prefect.states import Cancelled, Crashed, Scheduled
from prefect.types.entrypoint import EntrypointType

from flows.process.abandoned import UNDER_WAY
from tasks.domain import Domain, ScheduleConfig
from tasks.server import deployment_name, project_tag

AGAIN = "taken up again"
HEARTBEAT = "prefect.flow-run.heartbeat"
SILENCE = timedelta(minutes=10)  # of twenty heartbeats some get lost where a server has much to do, never all


def deployments(
    domains: Iterable[Domain], *, retrain: Flow[..., Any], monitor: Flow[..., Any]
) -> list[RunnerDeployment]:
    """Deployments `retrain/NAME` and `monitor/NAME` of every domain.

    The flows are arguments, so that any pair with the parameters `domain` and `reason` can stand behind the schedules.
    """
    built = []
    for domain in domains:
        plan = domain.schedule
        trained, watched = _times(plan, plan.retrain, {"reason": "scheduled"}), _times(plan, plan.monitor, {})
        built.append(_deployment(domain, retrain, "Trains a challenger", trained))
        built.append(_deployment(domain, monitor, "Looks at the traffic", watched))
    return built


def for_asking(domains: Iterable[Domain], *, rollback: Flow[..., Any], score: Flow[..., Any]) -> list[RunnerDeployment]:
    """Deployments `rollback/NAME` and `score/NAME` of every domain, which run only when somebody asks for them."""
    flows = {"Returns to an earlier version": rollback, "Scores files": score}
    return [_deployment(domain, flow, purpose, []) for domain in domains for purpose, flow in flows.items()]


def _times(plan: ScheduleConfig, cron: str | None, parameters: dict[str, str]) -> list[Schedule]:
    """An empty list takes an earlier schedule away."""
    return [Cron(cron, timezone=plan.timezone, parameters=parameters)] if cron else []


def _deployment(domain: Domain, flow: Flow[..., Any], purpose: str, times: list[Schedule]) -> RunnerDeployment:
    """One flow of one domain; a second run waits until the first is through.

    The flow is named by its module: a path would depend on the folder that the server was started from.
    """
    return RunnerDeployment.from_flow(
        flow,
        name=deployment_name(domain.name),
        description=f"{purpose}: {domain.description}",
        schedules=list(times),
        parameters={"domain": domain.name},
        tags=[domain.name, flow.name, project_tag()],
        concurrency_limit=ConcurrencyLimitConfig(limit=1),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def zombie_automation() -> AutomationCore:
    """Marks a flow run as crashed whose process went silent.

    A process that is killed outright cannot report it, and its run would hold the deployment's only slot for ever.
    A run's own states end the wait too, so that a paused or finished run is left alone.
    """
    return AutomationCore(
        name=f"crash silent flow runs of {project_tag()}",
        description=f"A run that sent no heartbeat for {SILENCE.seconds // 60} minutes has lost its process.",
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *(f"prefect.flow-run.{state}" for state in _RESTING)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.id": f"prefect.tag.{project_tag()}", "prefect.resource.role": "tag"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[_crash("its process went silent: no heartbeat")],
    )


def _crash(message: str) -> ChangeFlowRunState:
    """Only a run that is under way: the server refuses it for one that has ended."""
    return ChangeFlowRunState(name="Crashed", state=StateType.CRASHED, message=message, force=False)


_RESTING = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended")


def save_automation(automation: AutomationCore) -> None:
    """Creates the automation, or updates the one of the same name: registering twice leaves one."""
    with get_client(sync_client=True) as client:
        known = client.read_automations_by_name(automation.name)
        if known:
            client.update_automation(known[0].id, automation)
        else:
            client.create_automation(automation)


def crash_abandoned_runs(served: list[UUID]) -> int:
    """Ends runs of these deployments that an earlier server process left under way, and counts them.

    Each still holds its deployment's only slot: without this nothing of that deployment would ever run again. What has
    not begun waits for its start again. A crash that is the last that happened in a deployment, whoever reported it,
    is followed by another run, once: what ends its process twice is no accident.
    """
    with get_client(sync_client=True) as client:
        runs = [run for one in served for run in client.read_flow_runs(flow_run_filter=_runs(one, UNDER_WAY))]
        for run in runs:
            client.set_flow_run_state(run.id, _without_process(run), force=True)
        for one in served:
            _take_up(client, one)
    return len(runs)


def _without_process(run: FlowRun) -> State[Any]:
    """What becomes of a run that is under way once its process is gone."""
    if run.start_time is None:
        return Scheduled()
    if run.state and run.state.is_cancelling():
        return Cancelled()
    return Crashed(message="left behind by an earlier server process")


def _take_up(client: SyncPrefectClient, deployment: UUID) -> None:
    """Asks for another run where the newest that has begun crashed, unless it was such a second one itself."""
    begun = _runs(deployment, [one for one in StateType if one is not StateType.SCHEDULED])
    runs = client.read_flow_runs(flow_run_filter=begun, sort=FlowRunSort.START_TIME_DESC)
    newest = next((run for run in runs if run.start_time not in {None, run.end_time}), None)  # alike: it never ran
    if newest and newest.state_type == StateType.CRASHED and AGAIN not in newest.tags:
        client.create_flow_run_from_deployment(
            deployment, parameters=newest.parameters, tags=[AGAIN], idempotency_key=f"{AGAIN} {newest.id}"
        )


def skip_missed_runs(served: list[UUID]) -> int:
    """Cancels scheduled runs that are overdue, except each deployment's newest, and counts them.

    After a weekend without a server one check of the newest traffic is due, not sixty of the same.
    """
    past = FlowRunFilterExpectedStartTime.model_validate({"before_": datetime.now(tz=UTC)})
    with get_client(sync_client=True) as client:
        missed: list[FlowRun] = []
        for one in served:
            overdue = _runs(one, [StateType.SCHEDULED], past)
            runs = client.read_flow_runs(flow_run_filter=overdue, sort=FlowRunSort.EXPECTED_START_TIME_DESC)
            missed += [run for run in runs if run.auto_scheduled][1:]
        for run in missed:
            reason = "no server ran at its time, and a later run was due as well"
            client.set_flow_run_state(run.id, Cancelled(name="Skipped", message=reason), force=True)
    return len(missed)


def _runs(
    deployment: UUID, types: list[StateType], expected: FlowRunFilterExpectedStartTime | None = None
) -> FlowRunFilter:
    return FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)),
        expected_start_time=expected,
    )


def forget_others(served: list[UUID]) -> int:
    """Deletes this project's deployments of domains that are gone, and counts them.

    Nobody serves them, so that their schedules would only pile up late runs.
    """
    return _forget(lambda one: one.id not in served)


def forget_domain(name: str) -> int:
    """Deletes the deployments of one domain, and counts them."""
    return _forget(lambda one: name in one.tags)


def _forget(chosen: Callable[[DeploymentResponse], bool]) -> int:
    with get_client(sync_client=True) as client:
        ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[project_tag()]))
        gone = [one for one in client.read_deployments(deployment_filter=ours) if chosen(one)]
        for one in gone:
            client.delete_deployment(one.id)
    return len(gone)

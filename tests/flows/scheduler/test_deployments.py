"""The deployments as built, and what registering leaves in a real Prefect API."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Pending, Running, Scheduled
from prefect.testing.utilities import prefect_test_harness

from data.config import domain_path
from flows.scheduler.deployments import (
    AGAIN,
    crash_abandoned_runs,
    deployments,
    forget_domain,
    forget_others,
    save_automation,
    skip_missed_runs,
    zombie_automation,
)
from settings.yaml_files import load_yaml
from tasks.domain import Domain, DomainFile, ScheduleConfig, domain_from
from tasks.server import deployment_name, project_tag

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("project")  # whose ledger knows the project's identity
PLAN = ScheduleConfig(timezone="Europe/Berlin", retrain="0 3 * * 0", monitor="0 * * * *")


@flow(name="retrain")
def retrain(domain: str, reason: str = "asked for") -> str:
    """Stands where the real flow stands; these tests register, they run nothing."""
    return domain + reason


@flow(name="monitor")
def monitor(domain: str) -> str:
    """As above."""
    return domain


@pytest.fixture(scope="module")
def client() -> Iterator[SyncPrefectClient]:
    """A client of a real Prefect API on a temporary SQLite."""
    with prefect_test_harness(server_startup_timeout=180), get_client(sync_client=True) as connected:
        yield connected


@pytest.fixture
def served(client) -> list[UUID]:
    """Deployments of a domain that has never run."""
    forget_domain("digits")
    return apply(domain())


def domain(name: str = "digits", plan: ScheduleConfig = PLAN, **given) -> Domain:
    """The digits domain with a schedule."""
    content = load_yaml(domain_path(ROOT, "digits"), DomainFile)
    return domain_from(name, ROOT, content).model_copy(update={"schedule": plan, **given})


def apply(*domains: Domain) -> list[UUID]:
    """Registers as the server process does."""
    return [built.apply() for built in deployments(domains, retrain=retrain, monitor=monitor)]


def test_deployments__scheduled():
    """Names, cron, time zone, parameters, tags, limit and description stand as the YAML says."""
    first, second = deployments([domain()], retrain=retrain, monitor=monitor)
    name = deployment_name("digits")
    assert [first.full_name, second.full_name] == [f"retrain/{name}", f"monitor/{name}"]
    assert (first.schedules[0].schedule.cron, first.schedules[0].schedule.timezone) == ("0 3 * * 0", "Europe/Berlin")
    assert first.schedules[0].parameters == {"reason": "scheduled"}
    assert second.schedules[0].schedule.cron == "0 * * * *"
    assert (first.parameters, first.concurrency_limit) == ({"domain": "digits"}, 1)
    assert first.tags == ["digits", "retrain", project_tag()]
    assert "Handwritten digits" in first.description


def test_deployments__flow_named_by_module():
    """The entrypoint holds in whatever folder the server was started."""
    first, _ = deployments([domain()], retrain=retrain, monitor=monitor)
    assert first.entrypoint == f"{retrain.__module__}.retrain"


def test_deployments__without_schedule():
    """A domain that names no time gets deployments that run only when asked for."""
    first, second = deployments([domain(plan=ScheduleConfig())], retrain=retrain, monitor=monitor)
    assert first.schedules == second.schedules == []


def test_zombie_automation__leaves_resting_runs_alone():
    """An ended or paused run satisfies the trigger as a heartbeat does."""
    expected = zombie_automation().trigger.expect
    assert {"prefect.flow-run.heartbeat", "prefect.flow-run.Completed", "prefect.flow-run.Suspended"} <= expected


def test_register__twice_leaves_one(client):
    """A restart adds no automation."""
    for _ in range(2):
        apply(domain())
        save_automation(zombie_automation())
    names = [one.name for one in client.read_automations()]
    assert names.count(f"crash silent flow runs of {project_tag()}") == 1


def test_deployments__schedule_taken_away(client):
    """A cron that is deleted from the YAML runs no longer after the next start."""
    apply(domain())
    ids = apply(domain(plan=ScheduleConfig()))
    assert [client.read_deployment(one).schedules for one in ids] == [[], []]


def test_crash_abandoned_runs__frees_the_slot(client):
    """What a killed server left running holds the only slot until it is crashed."""
    served = apply(domain())
    left, blocked, free = [client.create_flow_run_from_deployment(served[0]).id for _ in range(3)]
    assert client.set_flow_run_state(left, Pending()).state.is_pending()
    client.set_flow_run_state(left, Running())
    assert client.set_flow_run_state(blocked, Pending()).state.name == "AwaitingConcurrencySlot"
    assert crash_abandoned_runs(served) == 1
    assert client.read_flow_run(left).state.is_crashed()
    assert client.set_flow_run_state(free, Pending()).state.is_pending()


def test_crash_abandoned_runs__taken_up_once(client):
    """The work of a run whose process was killed is done by another one; one that is killed again is left."""
    served = apply(domain())
    asked = client.create_flow_run_from_deployment(served[0], parameters={"domain": "digits", "reason": "drift"})
    last = asked
    for kills in (1, 2):
        client.set_flow_run_state(last.id, Pending())
        client.set_flow_run_state(last.id, Running())
        assert crash_abandoned_runs(served) == 1
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": served[:1]}))
        (last,) = [run for run in runs if AGAIN in run.tags] or [asked]
        assert len([run for run in runs if AGAIN in run.tags]) == 1, f"after {kills}"
    assert last.parameters == asked.parameters


def begin(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """Lets a run begin, as its process does."""
    client.set_flow_run_state(run.id, Pending())
    client.set_flow_run_state(run.id, Running())
    return run


def taken_up(client: SyncPrefectClient, deployment: UUID) -> list[FlowRun]:
    """Second runs of a deployment."""
    runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": [deployment]}))
    return [run for run in runs if AGAIN in run.tags]


def test_crash_abandoned_runs__crash_that_was_reported(client, served):
    """Where only the scheduler was killed, the run's process reports its end itself: it is taken up all the same."""
    run = begin(client, client.create_flow_run_from_deployment(served[0]))
    client.set_flow_run_state(run.id, Crashed())
    for _ in range(2):
        assert crash_abandoned_runs(served) == 0
        assert len(taken_up(client, served[0])) == 1
    client.set_flow_run_state(begin(client, client.create_flow_run_from_deployment(served[0])).id, Completed())
    crash_abandoned_runs(served)
    assert len(taken_up(client, served[0])) == 1, "nor does an older crash count once another run was through"


def test_crash_abandoned_runs__killed_before_it_began(client, served):
    """A second run whose process never came to run is none that has failed: it waits again and holds no slot."""
    begin(client, client.create_flow_run_from_deployment(served[0]))
    crash_abandoned_runs(served)
    (again,) = taken_up(client, served[0])
    for _ in range(2):
        assert client.set_flow_run_state(again.id, Pending()).state.is_pending()
        assert crash_abandoned_runs(served) == 1
        assert [run.state.is_scheduled() for run in taken_up(client, served[0])] == [True]
    other = client.create_flow_run_from_deployment(served[0])
    assert client.set_flow_run_state(other.id, Pending()).state.is_pending()


def test_crash_abandoned_runs__never_ran(client, served):
    """What was cancelled before it began hides no crash."""
    asked = begin(client, client.create_flow_run_from_deployment(served[0]))
    client.set_flow_run_state(asked.id, Crashed())
    client.set_flow_run_state(client.create_flow_run_from_deployment(served[0]).id, Cancelled())
    crash_abandoned_runs(served)
    assert len(taken_up(client, served[0])) == 1


def test_crash_abandoned_runs__being_cancelled(client, served):
    """A person wanted its end: it has ended, and no other follows."""
    run = begin(client, client.create_flow_run_from_deployment(served[0]))
    client.set_flow_run_state(run.id, Cancelling())
    assert crash_abandoned_runs(served) == 1
    assert client.read_flow_run(run.id).state.is_cancelled()
    assert taken_up(client, served[0]) == []


def test_skip_missed_runs__keeps_the_newest(client):
    """Of five overdue hourly checks one is run; what a person asked for is never skipped."""
    monitored = apply(domain())[1]
    now = datetime.now(tz=UTC)
    span = {"start_time": now - timedelta(hours=5), "end_time": now, "min_runs": 5, "max_runs": 10}
    client.request("POST", "/deployments/{id}/schedule", path_params={"id": monitored}, json=_json(span))
    asked = client.create_flow_run_from_deployment(monitored, state=Scheduled(scheduled_time=now - timedelta(hours=4)))
    assert skip_missed_runs([monitored]) == 4
    assert skip_missed_runs([monitored]) == 0
    assert client.read_flow_run(asked.id).state.is_scheduled()


def _json(span: dict) -> dict:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in span.items()}


def test_forget_domain__one_alone(client):
    """The deployments of one domain go, those of others stay."""
    apply(domain("gone")), apply(domain())
    assert (forget_domain("gone"), forget_domain("gone")) == (2, 0)
    assert {one.name for one in client.read_deployments() if project_tag() in one.tags} == {deployment_name("digits")}


def test_deployments__two_projects(client, tmp_path, monkeypatch):
    """On one server each has its own of a domain that is called alike, and clears up only what is its own."""
    first = apply(domain())
    monkeypatch.setenv("REGRAFT_ROOT", str(tmp_path / "other"))
    second = apply(domain())
    save_automation(zombie_automation())
    assert not {*first} & {*second}
    assert forget_others([]) == 2
    assert not [one for one in client.read_deployments() if one.id in second]
    assert len([one for one in client.read_deployments() if one.id in first]) == 2
    apply(domain())
    assert (forget_domain("digits"), forget_domain("digits")) == (2, 0)
    assert len([one for one in client.read_deployments() if one.id in first]) == 2


def test_forget_others__domain_is_gone(client):
    """A deleted domain leaves no deployments; a stranger's stays."""
    apply(domain("gone"))
    served = apply(domain())
    stranger = retrain.to_deployment(name="mine", tags=["night"]).apply()
    assert forget_others(served) == 2
    left = [one for one in client.read_deployments() if project_tag() in one.tags or one.name == "mine"]
    assert sorted(one.name for one in left) == sorted([deployment_name("digits")] * 2 + ["mine"])
    client.delete_deployment(stranger)

"""What `prefect deploy` makes of the file is what `regraft up` registers."""

import asyncio
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.server.schemas.schedules import CronSchedule

from flows.monitor import monitor
from flows.project.deployments import written_deployments
from flows.retrain import retrain
from flows.scheduler.deployments import deployments
from flows.scheduler.prefect_file import prefect_file
from tasks.domain import load_domain

SAME = {
    "name", "description", "tags", "parameters", "entrypoint", "concurrency_limit", "parameter_openapi_schema",
    "enforce_parameter_schema", "paused",
}  # fmt: skip
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def scheduled(project: Path, prefect_api: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose domain `digits` has times, on a Prefect server that knows the work pool."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    path = project / "domains" / "digits.yaml"
    times = {"timezone": "Europe/Berlin", "retrain": "30 2 * * 0", "monitor": "0 * * * *"}
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "schedule": times}))
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="regraft", type="process"), overwrite=True)
    return project


def deploy(file: Path) -> None:
    """Runs the real `prefect deploy --all`."""
    prefect = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    ran = subprocess.run(prefect, cwd=file.parent, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def facts(name: str) -> tuple[Any, ...]:
    """What the server knows of a deployment, but for who runs it."""
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name(name)
    times = [(plan.schedule.model_dump(), plan.parameters, plan.active) for plan in found.schedules]
    return found.model_dump(include=SAME), times, found.global_concurrency_limit and found.concurrency_options


def test_prefect_file__deploys_what_up_registers(scheduled: Path) -> None:
    """Schedules, tags, parameters with their descriptions, limits: all but the pool is the same."""
    text, names = written_deployments(scheduled, "regraft", cloned=False, identity="")
    (scheduled / "prefect.yaml").write_text(text)
    deploy(scheduled / "prefect.yaml")
    served = deployments([load_domain("digits"), load_domain("solar")], retrain=retrain, monitor=monitor)
    assert {one.full_name for one in served} < {*names}
    deployed = {one.full_name: facts(one.full_name) for one in served}
    for one in served:
        one.apply()
        assert facts(one.full_name) == deployed[one.full_name]
    schema = deployed[served[0].full_name][0]["parameter_openapi_schema"]
    assert schema["properties"]["reason"]["description"] == "Why, for the ledger."
    assert [plan[0]["timezone"] for plan in deployed[served[0].full_name][1]] == ["Europe/Berlin"]


def test_prefect_file__says_where_the_project_is(project: Path) -> None:
    """Runs go to the shared folder, or clone; both are told by the worker's environment."""
    (shared,), (cloned,) = (yaml.safe_load(prefect_file([], cloned=clone))["pull"] for clone in (False, True))
    assert shared == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $REGRAFT_ROOT }}"}}
    assert cloned["prefect.deployments.steps.git_clone"]["repository"] == "{{ $REGRAFT_GIT_URL }}"


@pytest.mark.parametrize(
    ("cron", "day", "times"),
    [
        ("30 2 * * *", "2026-03-28T12", ["29 01:30 +0100", "30 02:30 +0200"]),  # there is no 02:30 that night
        ("30 2 * * *", "2026-10-24T12", ["25 02:30 +0200", "26 02:30 +0100"]),  # twice 02:30; the first counts
        ("0 * * * *", "2026-10-25T01", ["25 01:00 +0200", "25 02:00 +0200", "25 03:00 +0100"]),  # once 02:00
    ],
)
def test_schedule__when_clocks_change(cron: str, day: str, times: list[str]) -> None:
    """As docs/deploy.md tells: once a night, in spring an hour earlier; hourly leaves out the repeated hour."""
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    found = asyncio.run(CronSchedule(cron=cron, timezone="Europe/Berlin").get_dates(n=len(times), start=start))
    assert [f"{one:%d %H:%M %z}" for one in found] == times

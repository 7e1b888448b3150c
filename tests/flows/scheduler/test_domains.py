"""The domains that are served follow their files."""

import asyncio

import pytest
import yaml
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.runner import Runner

from flows.scheduler.domains import DomainFiles
from tasks.server import project_tag


@flow
def retrain(domain: str, reason: str = "asked for") -> str:
    """Stands for the real one."""
    return reason


@flow
def monitor(domain: str) -> str:
    """Likewise."""
    return domain


@pytest.fixture
def files(project, prefect_api):
    """A project with the domains `digits` and `solar`."""
    return DomainFiles(project, retrain, monitor)


def registered() -> dict[str, list[str | None]]:
    """The cron of each monitor deployment of the project, by domain."""
    with get_client(sync_client=True) as client:
        found = [one for one in client.read_deployments() if {"monitor", project_tag()} <= {*one.tags}]
    return {one.tags[0]: [getattr(plan.schedule, "cron", None) for plan in one.schedules] for one in found}


def schedule(project, name, cron):
    """Writes another cron into a domain's file."""
    path = project / "domains" / f"{name}.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "schedule": {"monitor": cron}}))


def test_register__follows_the_files(files, project, caplog):
    """An edited cron, a new file and one that went are taken over; a broken one takes only its own schedules away."""

    async def life() -> None:
        runner = Runner(name="test")
        await files.register(runner)
        assert registered() == {"digits": [], "solar": []}
        schedule(project, "digits", "5 * * * *")
        (project / "domains" / "late.yaml").write_text((project / "domains" / "solar.yaml").read_text())
        await files.register(runner)
        assert registered() == {"digits": ["5 * * * *"], "late": [], "solar": []}
        (project / "domains" / "late.yaml").unlink()
        (project / "domains" / "solar.yaml").write_text("data: [")
        await files.register(runner)
        assert registered() == {"digits": ["5 * * * *"]}

    asyncio.run(life())
    assert "'solar' is not served until this is mended" in caplog.text


def test_follow__only_what_changed(files, project, monkeypatch):
    """Nothing is asked of Prefect while no file changes."""
    told = []

    async def life() -> None:
        again = asyncio.Event()

        async def register(runner):
            told.append(runner)
            files._seen = files._files()
            again.set()

        monkeypatch.setattr(files, "register", register)
        await register("first")
        following = asyncio.create_task(files.follow("second"))
        await asyncio.sleep(0.2)
        assert told == ["first"]
        again.clear()
        schedule(project, "digits", "5 * * * *")
        await asyncio.wait_for(again.wait(), 30)
        following.cancel()

    monkeypatch.setattr("flows.scheduler.domains.WATCH", 0.01)
    asyncio.run(life())
    assert told == ["first", "second"]

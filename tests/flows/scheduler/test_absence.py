"""A Prefect server that goes away, as Prefect's own loop meets it."""

import asyncio
import logging

import pytest
from httpx import ConnectError
from prefect.utilities.services import critical_service_loop

from flows.scheduler.absence import OBSERVER, ServerError, absence_told, tell_in_a_line


async def looks_in_vain() -> None:
    """Polls a server that is gone, in a group of tasks as Prefect does."""

    async def poll() -> None:
        raise ConnectError("All connection attempts failed")

    async with asyncio.TaskGroup() as group:
        group.create_task(critical_service_loop(poll, interval=0))


def test_absence_told__a_line(capfd):
    """What Prefect prints, and raises in groups of groups, is one error that says what to do."""
    with pytest.raises(ServerError, match="answers no more; `regraft up` starts the server"), absence_told():
        asyncio.run(looks_in_vain())
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        asyncio.run(looks_in_vain())
    assert "ConnectError" in capfd.readouterr().out, "what other parts of the process use is as it was"


def test_absence_told__another_fault():
    """A fault of the program is no absence, even beside one; Prefect's refusal at the beginning is a line, too."""
    with pytest.raises(ExceptionGroup), absence_told():
        raise ExceptionGroup("", [ConnectError("gone"), KeyError("bug")])
    with pytest.raises(ServerError, match="^gone$"), absence_told():
        raise ConnectError("gone")


def test_tell_in_a_line__of_an_event_loop(caplog):
    """What nobody waits for is told without traceback, and not at all where it is the same absence."""
    with asyncio.Runner() as runner, caplog.at_level(logging.WARNING):
        for name in (OBSERVER, "Another"):
            tell_in_a_line(runner.get_loop(), {"message": f"in {name}.end\nhandle: 1", "exception": KeyError("bug")})
    assert [record.getMessage() for record in caplog.records] == ["in Another.end: 'bug'"]

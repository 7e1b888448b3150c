"""What the crew is asked from outside: who runs, and to end."""

import xmlrpc.client
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from flows.process.environment import answers
from flows.scheduler.crew.config import socket_path
from flows.scheduler.crew.servers import web_servers
from settings.errors import RegraftError
from settings.machine import Settings

ENDS = 60.0  # seconds


class CrewError(RegraftError, RuntimeError):
    """No crew answers, or it does not do as it is told."""


@dataclass(frozen=True)
class Member:
    """A process of the crew, with the memory of all that descends from it; `answers` is None where it has no page."""

    name: str
    state: str
    pid: int
    since: str
    megabytes: int
    address: str
    answers: bool | None


def members(settings: Settings) -> list[Member]:
    """Every process of the crew.

    Raises:
        CrewError: no crew runs in this project.
    """
    servers = {server.name: server for server in web_servers(settings)}
    found = []
    for one in _ask(settings, "supervisor.getAllProcessInfo"):
        server = servers.get(one["name"])
        since = datetime.fromtimestamp(one["start"], UTC).isoformat(timespec="seconds") if one["pid"] else ""
        found.append(
            Member(
                name=one["name"],
                state=one["statename"].lower(),
                pid=one["pid"],
                since=since,
                megabytes=_megabytes(one["pid"]),
                address=server.address if server else "",
                answers=answers(server.address + server.health) if server else None,
            )
        )
    return found


def restart(settings: Settings, name: str) -> None:
    """Ends a process and starts it again."""
    _ask(settings, "supervisor.stopProcess", name)
    _ask(settings, "supervisor.startProcess", name, False)  # noqa: FBT003  -- do not wait: it may take a minute


def end(settings: Settings) -> None:
    """Ends the crew and waits until nothing of it is left.

    Raises:
        CrewError: no crew runs in this project, or it has not ended within a minute.
    """
    keeper = psutil.Process(_ask(settings, "supervisor.getPID"))
    _ask(settings, "supervisor.shutdown")
    try:
        keeper.wait(ENDS)
    except psutil.TimeoutExpired as error:
        raise CrewError(f"process {keeper.pid} has not ended within {ENDS:.0f} s; see `regraft logs`") from error


def _ask(settings: Settings, method: str, *arguments: Any) -> Any:
    transport = SupervisorTransport(None, None, f"unix://{socket_path(settings)}")
    try:
        with xmlrpc.client.ServerProxy("http://crew", transport) as proxy:
            return getattr(proxy, method)(*arguments)
    except OSError as error:
        raise CrewError("nothing runs in this project; start it with `regraft up`") from error
    except xmlrpc.client.Fault as error:
        raise CrewError(f"{method} {' '.join(map(str, arguments))}: {error.faultString}") from error


def _megabytes(pid: int) -> int:
    """Memory of a process and its descendants; pages that they share count for each."""
    total = 0
    try:
        process = psutil.Process(pid)
        for one in [process, *process.children(recursive=True)]:
            total += one.memory_info().rss
    except psutil.Error:  # it has ended meanwhile
        return total >> 20
    return total >> 20

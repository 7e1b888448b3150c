"""What the crew is asked from outside: who runs, and to end."""

import http.client
import socket
import xmlrpc.client
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from data.stores.locks import process_of
from flows.process.environment import answers
from flows.scheduler.crew.config import LOCK, socket_path
from flows.scheduler.crew.servers import web_servers
from settings.errors import RegraftError
from settings.machine import Settings

ANSWERS = 40.0  # seconds; to end one process takes half of them
ENDS = 120.0  # they end one after the other
NONE = "nothing runs in this project; start it with `regraft up`"


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
    """Ends the crew and waits until nothing of it is left, whether or not it answers.

    Raises:
        CrewError: no crew runs in this project, it is another user's, or it has not ended within two minutes.
    """
    pid = process_of(settings.home, LOCK)
    if pid is None:
        raise CrewError(NONE)
    try:
        keeper = psutil.Process(pid)
        keeper.terminate()
        keeper.wait(ENDS)
    except psutil.NoSuchProcess:
        return  # in this moment
    except psutil.AccessDenied as error:
        raise CrewError(f"process {pid}, which keeps the servers, is another user's; that one may end it") from error
    except psutil.TimeoutExpired as error:
        told = f"process {pid} has not ended within {ENDS:.0f} s; see `regraft logs`"
        raise CrewError(f"{told}, or `kill -9 {pid}`, after which the servers end, too") from error


class _Connection(http.client.HTTPConnection):
    """A connection to the crew's socket that does not wait for ever."""

    def connect(self) -> None:
        """Connects to the socket whose path stands for a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


class _Transport(xmlrpc.client.Transport):
    """XML-RPC over a socket of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, _: Any) -> _Connection:
        """Makes a connection for one call."""
        connection = _Connection("crew", timeout=ANSWERS)
        connection.host = str(self._path)
        return connection


def _ask(settings: Settings, method: str, *arguments: Any) -> Any:
    try:
        with xmlrpc.client.ServerProxy("http://crew", _Transport(socket_path(settings))) as proxy:
            return getattr(proxy, method)(*arguments)
    except OSError as error:
        pid = process_of(settings.home, LOCK)
        silent = f"process {pid} keeps the servers and does not answer; `regraft down` ends it"
        raise CrewError(NONE if pid is None else silent) from error
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

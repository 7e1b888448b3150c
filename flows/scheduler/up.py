"""All servers of a project: Prefect, MLflow, the models and the process that runs what is due, in one crew."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from flows.process.watcher import tell, watch
from flows.scheduler.crew.config import log_file, run_folder, write_config
from flows.scheduler.crew.logs import Followed
from flows.scheduler.crew.servers import PYTHON, Server, check_ports, environment, web_servers
from flows.scheduler.runner import ServerError, wait_for
from settings.machine import Settings

PATIENCE = 120.0
LOOK = 0.3
ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, a service manager's stop, a closed terminal


def up(settings: Settings, *, serving: str = "flows.scheduler.runner", detach: bool = False) -> int:
    """Runs all servers until Ctrl-C ends them, or leaves them running; 1 where they did not start or their keeper died.

    `serving` is the module that serves the deployments.

    Raises:
        ConfigError: a port is taken; nothing was started.
    """
    servers = web_servers(settings)
    check_ports(servers)
    commands = {server.name: server.command for server in servers}
    commands |= {"flows": [PYTHON, "-m", serving], "health": [PYTHON, "-m", "flows.scheduler.crew.health"]}
    write_config(settings, commands)
    if detach:
        return _left_running(_keeper(settings, *commands), settings, servers)
    watcher = watch()  # a kill -9 would leave all of them, and with them the ports
    try:
        followed = Followed({name: log_file(settings, name) for name in commands})
        return _followed(_keeper(settings, *commands), settings, servers, followed)
    finally:
        tell(watcher)


def _keeper(settings: Settings, *names: str) -> "subprocess.Popen[bytes]":
    """Starts the process that keeps the crew, out of reach of the terminal's Ctrl-C."""
    with _said(settings).open("wb") as said:
        return subprocess.Popen(
            [PYTHON, "-m", "flows.scheduler.crew.supervised", *names], env=environment(settings),
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip


def _said(settings: Settings) -> Path:
    """What the keeper says where it cannot do its work."""
    return run_folder(settings) / "keeper.log"


def _left_running(keeper: "subprocess.Popen[bytes]", settings: Settings, servers: list[Server]) -> int:
    """Returns once all pages answer, or there is nothing that could."""
    waiting = threading.Thread(target=announce, args=(servers, "`regraft down` ends all"), daemon=True)
    waiting.start()
    while keeper.poll() is None and waiting.is_alive():
        time.sleep(LOOK)
    return _code(keeper, settings)


def _followed(keeper: "subprocess.Popen[bytes]", settings: Settings, servers: list[Server], followed: Followed) -> int:
    """Prints what all of them write until they have ended."""
    threading.Thread(target=announce, args=(servers, "Ctrl-C ends all"), daemon=True).start()
    width = max(map(len, followed.names))
    with _ending(keeper) as asked:
        while keeper.poll() is None:
            time.sleep(LOOK)
            for name, line in followed.lines():
                print(f"{name:<{width}} | {line}", flush=True)  # noqa: T201  -- what a terminal shows of the servers
    return 0 if asked else _code(keeper, settings)


@contextmanager
def _ending(keeper: "subprocess.Popen[bytes]") -> Iterator[list[int]]:
    """Whoever asks this process to end asks the keeper; yields who did."""
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        asked.append(number)
        keeper.terminate()

    before = {number: signal.signal(number, ask) for number in ASKED}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _code(keeper: "subprocess.Popen[bytes]", settings: Settings) -> int:
    """0 where it runs or was told to end; else what it said goes to standard error."""
    if not keeper.returncode:
        return 0
    sys.stderr.write(_said(settings).read_text(encoding="utf-8") or f"error: the keeper ended: {keeper.returncode}\n")
    return 1


def announce(servers: list[Server], ending: str) -> None:
    """Prints where the pages are, once all answer."""
    console = Console()
    try:
        for server in servers:
            wait_for(server.address + server.health, PATIENCE)
    except ServerError as error:
        console.print(f"warning: {error}")
        return
    lines = [f"{server.name:<8} {server.address}{server.page}" for server in servers]
    console.print(Panel("\n".join([*lines, ending]), title="regraft is up", expand=False))

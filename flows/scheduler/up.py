"""All servers of a project: Prefect, MLflow, the models and the process that runs what is due, in one crew."""

import sys
import threading
import time

from rich.console import Console
from rich.panel import Panel

from flows.process.environment import answers
from flows.process.watcher import tell, watch
from flows.scheduler.crew.config import log_file
from flows.scheduler.crew.keeper import Keeper
from flows.scheduler.crew.logs import Followed
from flows.scheduler.crew.servers import PYTHON, Server, check_ports, web_servers
from flows.scheduler.embedded.members import check_embedded, embedded_commands
from settings.machine import Settings

PATIENCE = 240.0  # the first start on a database makes all its tables
LOOK = 0.3


def up(settings: Settings, *, serving: str = "flows.scheduler.runner", detach: bool = False) -> int:
    """Runs all servers until Ctrl-C ends them, or leaves them running; 1 where they did not start or their keeper died.

    `serving` is the module that serves the deployments.

    Raises:
        ConfigError: a port is taken; nothing was started.
    """
    servers = web_servers(settings)
    check_ports(servers)
    check_embedded(settings)
    commands = embedded_commands(settings) | {server.name: server.command for server in servers}
    commands |= {"flows": [PYTHON, "-m", serving], "health": [PYTHON, "-m", "flows.scheduler.crew.health"]}
    keeper = Keeper(settings, commands)
    if detach:
        return _left_running(keeper, servers)
    watcher = watch()  # a kill -9 would leave all of them, and with them the ports
    try:
        return _followed(keeper, servers, Followed({name: log_file(settings, name) for name in commands}))
    finally:
        tell(watcher)


def _left_running(keeper: Keeper, servers: list[Server]) -> int:
    """Returns once all pages answer; 1 and a line where they do not."""
    with keeper:
        if announce(keeper, servers, "`regraft down` ends all") and not keeper.asked:
            return 0
        if keeper.asked:
            keeper.wait()
    if keeper.code is None:
        return 1  # which was told
    ended = "error: all were told to end before their pages answered; nothing runs"
    return _failed(ended if keeper.asked or keeper.code == 0 else keeper.last_words())


def _followed(keeper: Keeper, servers: list[Server], followed: Followed) -> int:
    """Prints what all of them write until they have ended."""
    with keeper:
        threading.Thread(target=announce, args=(keeper, servers, "Ctrl-C ends all"), daemon=True).start()
        while keeper.code is None:
            time.sleep(LOOK)
            _print_lines(followed)
    return 0 if keeper.asked or keeper.code == 0 else _failed(keeper.last_words())


def _print_lines(followed: Followed) -> None:
    width = max(map(len, followed.names))
    for name, line in followed.lines():
        print(f"{name:<{width}} | {line}", flush=True)  # noqa: T201  -- what a terminal shows of the servers


def _failed(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1


def announce(keeper: Keeper, servers: list[Server], ending: str) -> bool:
    """Prints where the pages are, once all answer; False: they ended before, or patience did, which is told."""
    deadline = time.monotonic() + PATIENCE
    while silent := _silent(keeper, servers):
        if keeper.code is not None or keeper.asked:
            return False
        if time.monotonic() > deadline:
            _failed(f"error: {silent} after {PATIENCE:.0f} s; `regraft ps` and `regraft logs` tell more, {ending}")
            return False
        time.sleep(LOOK)
    lines = [f"{server.name:<8} {server.address}{server.page}" for server in servers]
    Console().print(Panel("\n".join([*lines, ending]), title="regraft is up", expand=False))
    return True


def _silent(keeper: Keeper, servers: list[Server]) -> str:
    """What is not there yet, in words."""
    if not keeper.keeps:
        return "the keeper did not begin"
    waited = [server.address for server in servers if not answers(server.address + server.health)]
    return f"{', '.join(waited)} did not answer" if waited else ""

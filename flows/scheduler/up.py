"""All servers of a project in one terminal: Prefect, MLflow and the process that serves the deployments."""

import os
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
from honcho.manager import KILL_WAIT, SIGNALS, Manager
from rich.console import Console
from rich.panel import Panel

from data.stores.locks import domain_lock
from flows.process.environment import prefect_address, prepare_environment
from flows.process.watcher import tell, watch
from flows.scheduler.runner import ServerError, wait_for
from settings.errors import ConfigError, RegraftError
from settings.machine import Settings

HOST = "127.0.0.1"
PATIENCE = 120.0
WATCH = 0.5


class Server(NamedTuple):
    """A server with a web page: how it starts and where it answers."""

    name: str
    port: int
    variable: str
    command: list[str]
    page: str = ""  # what of it opens first; MLflow's own choice is the side of language models

    @property
    def address(self) -> str:
        """Address of its page."""
        return f"http://{HOST}:{self.port}"


def up(settings: Settings, *, serving: str = "flows.scheduler.runner") -> int:
    """Runs all servers until Ctrl-C ends them (0) or one of them ends by itself, which ends all (1).

    `serving` is the module that serves the deployments.

    Raises:
        ConfigError: a port is taken; nothing was started.
        LockedError: this project's servers run already, on whatever ports.
    """
    servers = web_servers(settings)
    check_ports(servers)
    commands = {server.name: server.command for server in servers} | {"flows": [_PYTHON, "-m", serving]}
    # two would take each other's runs for dead; no domain's name has a blank
    with domain_lock(settings.home, "regraft up", "regraft up"):
        watcher = watch()  # a kill -9 would leave all of them, and with them the ports
        try:
            return Processes(commands, environment(settings), lambda: announce(servers)).run()
        finally:
            tell(watcher)


_PYTHON = sys.executable
_SCRIPTS = Path(sys.executable).parent


def web_servers(settings: Settings) -> list[Server]:
    """The servers to start; none for MLflow where it runs elsewhere, none for the models where their port is 0."""
    place = ["--host", HOST, "--port"]
    prefect = [_PYTHON, "-m", "flows.scheduler.prefect_server", "server", "start", *place, str(settings.prefect_port)]
    mlflow = [str(_SCRIPTS / "mlflow"), "server", "--workers", "1", *place, str(settings.mlflow_port)]
    mlflow += ["--artifacts-destination", str(settings.home / "mlartifacts"), "--uvicorn-opts", "--log-level=warning"]
    servers = [Server("prefect", settings.prefect_port, "REGRAFT_PREFECT_PORT", prefect)]
    if not settings.tracking_uri.startswith("http"):
        page = "/#/experiments?workflowType=machine_learning"
        servers.append(Server("mlflow", settings.mlflow_port, "REGRAFT_MLFLOW_PORT", mlflow, page))
    if settings.serving.port:
        keeper = [_PYTHON, "-m", "flows.scheduler.keeping"]  # one killed for its memory takes no retrain along
        service = [*keeper, str(_SCRIPTS / "regraft"), "serve", "--port", str(settings.serving.port)]
        servers.append(Server("service", settings.serving.port, "REGRAFT_SERVING__PORT", service))
    return servers


def environment(settings: Settings) -> dict[str, str]:
    """The environment of all processes: this project's addresses over what `prepare_environment` set.

    MLflow's store stands here and not on its command line, where everybody on the machine could read a password.
    """
    return {
        **os.environ,
        "PREFECT_API_URL": prefect_address(settings),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(settings.prefect_port),
        "PREFECT_SERVER_UI_API_URL": prefect_address(settings),
        "MLFLOW_BACKEND_STORE_URI": settings.tracking_uri,
        "PYTHONUNBUFFERED": "1",
    }


def check_ports(servers: list[Server]) -> None:
    """Checks that every port can be bound.

    Raises:
        ConfigError: one is taken, forbidden or wanted twice.
    """
    seen: dict[int, str] = {}
    for server in servers:
        problem = f"{seen[server.port]} uses it too" if server.port in seen else _refusal(server.port)
        if problem:
            raise ConfigError(
                f"port {server.port}, which the {server.name} server needs: {problem}; "
                f"set {server.variable} to a free port, or stop what uses this one (another `regraft up`?)"
            )
        seen[server.port] = server.variable


def _refusal(port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def announce(servers: list[Server]) -> None:
    """Prints where the pages are, once all answer."""
    console = Console()
    try:
        for server in servers:
            wait_for(server.address, PATIENCE)
    except ServerError as error:
        console.print(f"warning: {error}")
        return
    lines = [f"{server.name:<8} {server.address}{server.page}" for server in servers]
    console.print(Panel("\n".join([*lines, "Ctrl-C ends all"]), title="regraft is up", expand=False))


class Processes(Manager):  # type: ignore[misc]  # honcho is untyped
    """Processes that live and end together, each line of their output prefixed with its process.

    honcho ends process groups; flow runs and trainings may have groups of their own, so whatever descends from here is
    noted before the end begins and killed when honcho's patience is over.
    """

    def __init__(self, commands: Mapping[str, list[str]], env: Mapping[str, str], on_start: Callable[[], None]) -> None:
        super().__init__()
        for name, command in commands.items():
            # exec: no shell between honcho and the server; nobody answers a prompt
            self.add_process(name, f"exec {shlex.join(command)} </dev/null", env=dict(env))
        self._on_start = on_start
        self._descendants: list[psutil.Process] = []

    def run(self) -> int:
        """Blocks until all have ended; 0 when a signal asked for it, 1 when one ended by itself."""
        before = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGHUP)}
        # honcho knows no closed terminal: its processes would run on, unseen
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        try:
            self.loop()
        finally:
            self._note_descendants()
            self._kill_descendants()
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0 if self.returncode in {known["rc"] for known in SIGNALS.values()} else 1

    def terminate(self) -> None:
        """Asks all to end and kills after a few seconds what has not."""
        if not self._terminating:
            self._note_descendants()
            timer = threading.Timer(KILL_WAIT, self._kill_descendants)
            timer.daemon = True
            timer.start()
        super().terminate()

    def _start(self) -> None:
        super()._start()
        # only after honcho has forked: a fork copies the locks that a thread holds
        threading.Thread(target=self._on_start, daemon=True).start()
        threading.Thread(target=self._kill_remains, daemon=True).start()

    def _kill_remains(self) -> None:
        """Kills what outlives a server that died: it holds open the pipe whose end tells honcho of the death."""
        while not self._terminating:
            pids = [server.get("pid") for server in list(self._processes.values())]
            for pid in filter(_died, pids):
                self._procmgr.kill(pid)
            time.sleep(WATCH)

    def _note_descendants(self) -> None:
        for wrapper in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):
                self._descendants += wrapper.children(recursive=True)

    def _kill_descendants(self) -> None:
        for process in self._descendants:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def _died(pid: int | None) -> bool:
    """Whether a process ended and nobody has asked for its exit code yet."""
    try:
        return pid is not None and psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def main() -> int:
    """`python -m flows.scheduler.up`: the servers of the project in this folder."""
    try:
        return up(prepare_environment())
    except RegraftError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())

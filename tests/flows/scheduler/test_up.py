"""`regraft up` with servers that start at once: each is started again, all end together, nothing is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from data.stores.locks import domain_lock, process_of
from flows.cli import regraft
from flows.process.environment import answers
from flows.scheduler.crew.config import LOCK, config_file, socket_path
from flows.scheduler.crew.control import CrewError, Member, end, members, restart
from flows.scheduler.up import up
from settings.errors import ConfigError
from settings.machine import Settings

PYTHON = sys.executable
PATIENCE = 60.0
ENDED = "error: all were told to end before their pages answered; nothing runs"
# a page that answers until it is told not to, in place of the three servers; it has a worker in a session of its own
PAGE = """
import http.server, os, pathlib, subprocess, sys
worker = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(worker, start_new_session=True)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
print("page", os.getpid(), flush=True)
if not pathlib.Path("mute").exists():
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
UP = """
import sys
from flows.process.environment import prepare_environment
from flows.scheduler import up as module
from flows.scheduler.crew.servers import Server
command = [sys.executable, "page.py", sys.argv[1]]
module.web_servers = lambda settings: [Server("page", int(sys.argv[1]), "PORT", command, health="/health")]
raise SystemExit(module.up(prepare_environment(), serving="sleeper", detach="detach" in sys.argv))
"""


@dataclass(frozen=True)
class Crew:
    """A project whose servers can be started."""

    settings: Settings
    port: int

    @contextmanager
    def start(self, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """`regraft up` in a process of its own, which is killed at the end of the block."""
        command = [PYTHON, "-c", UP, str(self.port), *arguments]
        env = {**os.environ, "REGRAFT_ROOT": str(self.settings.root)}
        env["PYTHONPATH"] = os.pathsep.join([str(self.settings.root), os.environ.get("PYTHONPATH", "")])
        with subprocess.Popen(
            command, env=env, cwd=self.settings.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def members(self) -> dict[str, Member]:
        """Its processes by name; none where none runs."""
        try:
            return {one.name: one for one in members(self.settings)}
        except CrewError:
            return {}

    def up(self, besides: int = 0) -> dict[str, Member]:
        """Its processes, once the page and the flows run as others than `besides`."""
        return until(lambda: found if (found := self.members()) and all(
            one.pid not in {0, besides} for one in found.values()
        ) else None)  # fmt: skip

    def family(self) -> list[psutil.Process]:
        """All processes that carry the project in their environment."""
        return [one for one in psutil.process_iter() if root_of(one) == str(self.settings.root)]


def root_of(process: psutil.Process) -> str | None:
    """The project that a process belongs to."""
    try:
        return process.environ().get("REGRAFT_ROOT")
    except psutil.Error:
        return None


def until(what: Callable[[], Any]) -> Any:
    """What there is before patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture
def crew(tmp_path, free_port, request) -> Iterator[Crew]:
    """A project with a page and flows that sleep; whatever is left of it is killed."""
    root = tmp_path / getattr(request, "param", "project")
    root.mkdir()
    (root / "page.py").write_text(PAGE)
    (root / "sleeper.py").write_text("import time\nprint('asleep', flush=True)\ntime.sleep(600)\n")
    found = Crew(Settings(root=root), free_port)
    yield found
    for process in found.family():
        process.kill()


@pytest.fixture
def free_port() -> int:
    """A port that nobody uses at this moment."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("how", [(), ("detach",)])
def test_up__one_a_project(crew, how):
    """Another one on other ports would take this one's runs for dead; it tells that alone, and writes nothing over."""
    told = config_file(crew.settings)
    for _ in range(2):
        with domain_lock(crew.settings.home, LOCK, "regraft up"), crew.start(*how) as second:
            (said,) = second.stdout.read().splitlines()
        assert second.returncode == 1
        assert said.startswith(f"error: 'regraft up' is busy: regraft up runs in process {os.getpid()}")
    assert not told.exists()
    assert len((told.parent / "keeper.log").read_text().splitlines()) == 2, "what an earlier one said stays"


def test_up__busy_port_starts_nothing(tmp_path, free_port):
    """No server has written anything below the home folder."""
    import socket

    with socket.create_server(("127.0.0.1", free_port)), pytest.raises(ConfigError):
        up(Settings(root=tmp_path, mlflow_port=free_port))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["page", "flows"])
def test_up__killed_server_is_there_again(crew, name):
    """One dies and the others go on; its worker, which would hold its port, does not outlive it."""
    with crew.start() as process:
        before = crew.up()
        workers = psutil.Process(before[name].pid).children()
        os.kill(before[name].pid, signal.SIGKILL)
        after = crew.up(besides=before[name].pid)
        assert after[name].pid != before[name].pid
        assert {one: after[one].pid for one in after if one != name} == {
            one: before[one].pid for one in before if one != name
        }
        assert not psutil.wait_procs(workers, timeout=30)[1]
        until(lambda: answers(f"http://127.0.0.1:{crew.port}/"))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up__signal_ends_all(crew, number):
    """Ctrl-C, a service manager's stop and a closed terminal are the normal ends; the terminal has shown each log."""
    with crew.start() as process:
        crew.up()
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("flows") and "| asleep" in line for line in lines)
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(timeout=60) == 0
    assert crew.family() == []


def test_up__killed_leaves_no_server(crew):
    """Kill -9 of the command ends what was started, too, so that the ports are free for the next one."""
    with crew.start() as process:
        crew.up()
        process.kill()
    assert not psutil.wait_procs(crew.family(), timeout=60)[1]


def test_up__killed_keeper_leaves_no_server(crew):
    """Kill -9 of the process that keeps them ends all, and says so by its code."""
    with crew.start() as process:
        crew.up()
        os.kill(int((crew.settings.home / "run" / "supervisord.pid").read_text()), signal.SIGKILL)
        process.stdout.read()
    assert process.returncode == 1
    assert not psutil.wait_procs(crew.family(), timeout=60)[1]


def test_up__detached(crew):
    """The command returns once the page answers; another process looks, restarts, reads logs and ends all."""
    with crew.start("detach") as process:
        said = process.stdout.read()
    assert process.returncode == 0
    assert "regraft is up" in said
    assert "`regraft down` ends all" in said
    found = crew.members()
    assert {*found} == {"page", "flows", "health"}
    assert {one.state for one in found.values()} <= {"starting", "running"}
    assert all(one.megabytes > 5 and one.since for one in found.values())
    restart(crew.settings, "page")
    assert crew.up(besides=found["page"].pid)["page"].pid != found["page"].pid
    end(crew.settings)
    assert crew.family() == []
    with pytest.raises(CrewError, match="start it with `regraft up`"):
        end(crew.settings)


def test_commands__of_a_crew(crew, monkeypatch):
    """`ps`, `logs` and `down` as a person calls them."""
    monkeypatch.setenv("REGRAFT_ROOT", str(crew.settings.root))
    monkeypatch.setenv("COLUMNS", "80")
    with crew.start("detach") as process:
        process.wait()
    run = CliRunner().invoke
    shown = run(regraft, ["ps"]).output
    assert all(name in shown for name in ("page", "flows", "health"))
    until(lambda: "flows | asleep" in run(regraft, ["logs", "flows"]).output)
    assert "asleep" not in run(regraft, ["logs", "page"]).output
    assert run(regraft, ["down"]).output == "all have ended\n"
    assert run(regraft, ["ps"]).exit_code == 1


@pytest.mark.parametrize("crew", ["50% of #1"], indirect=True)
def test_up__folder_of_any_name(crew):
    """Neither a `%` nor a `#` is supervisord's own there; another temporary folder in the shell of `down` is none."""
    with crew.start("detach") as process:
        assert "regraft is up" in process.stdout.read()
    assert crew.up()
    end(crew.settings)
    assert crew.family() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up__detached_is_told_to_end_while_it_starts(crew, number):
    """It ends what it has begun and says so in a line."""
    (crew.settings.root / "mute").touch()
    with crew.start("detach") as process:
        until(crew.members)
        process.send_signal(number)
        assert process.stdout.read().splitlines() == [ENDED]
        assert process.wait() == 1
    assert crew.family() == []


def test_up__detached_crew_is_ended_while_it_starts(crew):
    """`regraft down` in another terminal: nothing is up, and the first one says so."""
    (crew.settings.root / "mute").touch()
    with crew.start("detach") as process:
        until(crew.members)
        end(crew.settings)
        assert process.stdout.read().splitlines() == [ENDED]
        assert process.wait() == 1


def test_end__socket_is_gone(crew, monkeypatch):
    """Who empties /tmp takes the way to ask, not the way to end."""
    with crew.start("detach") as process:
        process.wait()
    socket_path(crew.settings).unlink()
    keeper = process_of(crew.settings.home, LOCK)
    with pytest.raises(CrewError, match=f"process {keeper} keeps the servers and does not answer; `regraft down` ends"):
        members(crew.settings)
    end(crew.settings)
    assert crew.family() == []


def test_members__keeper_is_silent(crew, monkeypatch):
    """One that is stopped is not waited for: its process is named, by which it can be ended."""
    for name in ("ANSWERS", "ENDS"):
        monkeypatch.setattr(f"flows.scheduler.crew.control.{name}", 0.5)
    with crew.start("detach") as process:
        process.wait()
    keeper = process_of(crew.settings.home, LOCK)
    os.kill(keeper, signal.SIGSTOP)
    with pytest.raises(CrewError, match=f"process {keeper} keeps the servers and does not answer"):
        members(crew.settings)
    with pytest.raises(CrewError, match=f"process {keeper} has not ended within .* `kill -9 {keeper}`"):
        end(crew.settings)
    os.kill(keeper, signal.SIGKILL)
    assert not psutil.wait_procs(crew.family(), timeout=60)[1]


def test_ps__a_row_each(monkeypatch):
    """Even the longest values stand side by side in a narrow terminal."""
    long = Member(
        "service", "starting", 4194304, "2026-11-28T11:52:03+00:00", 123456, "http://127.0.0.1:54321", answers=True
    )
    monkeypatch.setattr("flows.scheduler.crew.control.members", lambda settings: [long, long])
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(regraft, ["ps"]).output.splitlines()
    assert len([line for line in lines if "service" in line and "11-28 11:52" in line and ":54321" in line]) == 2


def test_restart__unknown(crew):
    """The fault names it."""
    with crew.start("detach") as process:
        process.wait()
    with pytest.raises(CrewError, match="BAD_NAME: nobody"):
        restart(crew.settings, "nobody")


def test_members__no_crew(tmp_path):
    """A project in which nothing was ever started."""
    with pytest.raises(CrewError, match="nothing runs in this project"):
        members(Settings(root=tmp_path))
    assert Path(tmp_path / ".regraft" / "run").exists() is False

"""A crew of servers that start at once, in place of the three real ones."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from flows.scheduler.crew.control import CrewError, Member, members
from settings.machine import Settings

PATIENCE = 60.0
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
        command = [sys.executable, "-c", UP, str(self.port), *arguments]
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
        return self.until(lambda: found if (found := self.members()) and all(
            one.pid not in {0, besides} for one in found.values()
        ) else None)  # fmt: skip

    @staticmethod
    def until(what: Callable[[], Any]) -> Any:
        """What there is before patience ends."""
        deadline = time.monotonic() + PATIENCE
        while not (found := what()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return found

    def family(self) -> list[psutil.Process]:
        """All processes that carry the project in their environment."""
        return [one for one in psutil.process_iter() if root_of(one) == str(self.settings.root)]


def root_of(process: psutil.Process) -> str | None:
    """The project that a process belongs to."""
    try:
        return process.environ().get("REGRAFT_ROOT")
    except psutil.Error:
        return None


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

"""A server that takes the place of a killed one finds nothing of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from flows.scheduler.crew.config import write_config
from flows.scheduler.crew.member import end_members
from settings.machine import Settings

PARENT = """
import pathlib, subprocess, sys, time
child = sys.argv[2] + "import time; print(1, flush=True); time.sleep(600)"
process = subprocess.Popen([sys.executable, "-c", child], start_new_session=True, stdout=subprocess.PIPE)
process.stdout.readline()
pathlib.Path(sys.argv[1]).write_text(str(process.pid))
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A project with servers that start a worker in a session of its own and note its number."""
    settings = Settings(root=tmp_path)
    command = [sys.executable, "-c", PARENT, str(tmp_path / "pid")]
    brief = [sys.executable, "-c", "print('I am it')"]
    write_config(settings, {"server": [*command, ""], "stubborn": [*command, STUBBORN], "brief": brief})
    return settings


@contextmanager
def member(settings: Settings, name: str) -> "Iterator[subprocess.Popen[str]]":
    """Starts one of the crew; it is killed at the end of the block."""
    command = [sys.executable, "-m", "flows.scheduler.crew.member", name]
    env = {**os.environ, "REGRAFT_ROOT": str(settings.root)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def worker(settings: Settings, until: "subprocess.Popen[str]") -> psutil.Process:
    """The worker, once it is there."""
    note = Path(settings.root / "pid")
    while not (note.exists() and note.read_text()):
        assert until.poll() is None
    return psutil.Process(int(note.read_text()))


def test_main__becomes_the_command(settings):
    """Its process is the server's own: signals reach it, and its output is the server's."""
    with member(settings, "brief") as process:
        assert process.stdout.read() == "I am it\n"
        assert process.wait(timeout=10) == 0


def test_main__ends_what_a_killed_one_left(settings, monkeypatch):
    """The worker of a killed server ignores SIGTERM and has a session of its own: it is gone before the next begins."""
    monkeypatch.setattr("flows.scheduler.crew.member.PATIENCE", 0.5)
    with member(settings, "stubborn") as first:
        left = worker(settings, first)
    assert left.is_running()
    other = Settings(root=settings.root / "other")
    assert end_members(other, "stubborn") == 0, "another project's server of that name is none of ours"
    assert end_members(settings, "brief") == 0
    assert end_members(settings, "stubborn") == 1
    assert not psutil.wait_procs([left], timeout=10)[1]


def test_main__says_what_it_ended(settings):
    """The log of the next one tells it."""
    with member(settings, "server") as first:
        left = worker(settings, first)
    (settings.root / "pid").unlink()
    with member(settings, "server") as second:
        assert second.stdout.readline() == "ended 1 processes that an earlier one left behind\n"
        assert not psutil.wait_procs([left], timeout=10)[1]
        worker(settings, second).kill()

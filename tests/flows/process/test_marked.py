"""What carries a mark is ended, and nothing else is."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from flows.process import marked
from flows.process.marked import end_marked

SLEEPER = "import time; print(1, flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER


@pytest.fixture
def processes() -> "Iterator[dict[str, subprocess.Popen[bytes]]]":
    """A process of each of these marks, which has begun; one of them ignores SIGTERM."""
    found = {}
    for mark in ("ours", "stubborn", "theirs"):
        command = [sys.executable, "-c", STUBBORN if mark == "stubborn" else SLEEPER]
        env = {**os.environ, "A_MARK": mark}
        found[mark] = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
        found[mark].stdout.readline()
    yield found
    for process in found.values():
        process.kill()
        process.communicate()


def test_end_marked__these_alone(processes):
    """Who ignores SIGTERM is killed; what carries another mark goes on."""
    assert end_marked("A_MARK", "ours", "stubborn", patience=0.5) == 2
    for mark in ("ours", "stubborn"):
        processes[mark].wait(10)
    assert processes["theirs"].poll() is None
    assert end_marked("A_MARK", "ours", "stubborn") == 0


@pytest.mark.parametrize(("told", "runs"), [(b"done", True), (b"", False)])
def test_script__input_ends(processes, told, runs):
    """What it was told nothing about is ended; it carries the mark itself and goes on to its end."""
    command = [sys.executable, "-I", marked.__file__, "A_MARK", "ours"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, "A_MARK": "ours"}) as script:
        script.stdin.write(told)
        script.stdin.close()
        if not runs:
            processes["ours"].wait(10)
        assert script.wait(10) == 0
    assert (processes["ours"].poll() is None) == runs

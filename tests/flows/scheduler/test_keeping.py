"""A process that is killed is started again; one that ends, or is asked to, is not."""

import os
import signal
import subprocess
import sys

import pytest

TELLER = "import os, signal; print(os.getpid(), flush=True); signal.pause()"


def kept(program: str) -> "subprocess.Popen[str]":
    """A program that is kept running."""
    command = [sys.executable, "-m", "flows.scheduler.keeping", sys.executable, "-c", program]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_run__killed_again_and_again():
    """Each time another process takes its place, and it is told."""
    keeper = kept(TELLER)
    known = [int(keeper.stdout.readline())]
    for _ in range(2):
        os.kill(known[-1], signal.SIGKILL)
        known.append(int(keeper.stdout.readline()))
    keeper.terminate()
    _, told = keeper.communicate(timeout=30)
    assert len({*known}) == 3
    assert told == "it was killed by signal 9 and is started again\n" * 2


@pytest.mark.parametrize("code", [0, 3])
def test_run__ends_by_itself(code):
    """Its exit code is that of the whole."""
    keeper = kept(f"raise SystemExit({code})")
    _, told = keeper.communicate(timeout=30)
    assert (keeper.returncode, told) == (code, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run__asked_to_end(number):
    """The process is asked as well, ends in its own way, and is not started again."""
    ends = f"signal.signal({int(number)}, lambda *_: print('in order', flush=True) or os._exit(0))"
    keeper = kept(f"import os, signal; {ends}; print('there', flush=True)\nwhile True: signal.pause()")
    keeper.stdout.readline()
    keeper.send_signal(number)
    said, told = keeper.communicate(timeout=30)
    assert (said, keeper.returncode, told) == ("in order\n", 0, "")


def test_run__asked_to_end_by_death():
    """What a signal ends is not started again where it was asked for."""
    keeper = kept(TELLER)
    keeper.stdout.readline()
    keeper.terminate()
    assert (keeper.wait(30), keeper.stderr.read()) == (128 + signal.SIGTERM, "")

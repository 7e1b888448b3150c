"""A command ends with all that it started, and begins nothing that it could not end."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from flows.cli.shell.guard import guarded
from flows.process.environment import prepare_environment
from settings.errors import ConfigError, RegraftError

COMMAND = """
import signal, subprocess, sys, time
from flows.cli.shell.guard import guarded
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in the background
with guarded():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def command(project, monkeypatch) -> Iterator[subprocess.Popen[str]]:
    """A command with a flow that has started a process."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_guarded__leaves_no_process(command, number, code):
    """Whichever signal ends a command, what it started ends, too."""
    child = psutil.Process(int(command.stdout.readline()))
    command.send_signal(number)
    assert command.wait(30) == code
    assert not psutil.wait_procs([child], timeout=60)[1]


def test_guarded__dead_server(project, monkeypatch):
    """An address where nothing answers is one line with the remedy, and its password is nowhere."""
    prepare_environment()
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings({PREFECT_API_URL: "http://me:s3cret@127.0.0.1:9/api"}),
        pytest.raises(ConfigError, match=r"PREFECT_API_URL=.*//127.0.0.1:9/api.* or unset PREFECT_API_URL") as found,
        guarded(),
    ):
        pass
    assert "s3cret" not in str(found.value)


def test_guarded__server_goes_away(project, prefect_api):
    """What Prefect's client meets then is one line."""
    from httpx import ConnectError

    with pytest.raises(RegraftError, match="the Prefect server went away"), guarded():
        raise ConnectError("All connection attempts failed")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_guarded__no_room(project, prefect_api):
    """A limit on files that databases would meet is told before anything begins."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * 2**20, before[1]))
    try:
        with pytest.raises(ConfigError, match=r"4 MB allowed a file \(ulimit -f\), at least 200 MB"), guarded():
            pytest.fail("it began")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_guarded__home_that_cannot_be_written(project, monkeypatch):
    """Databases on a disk that only reads fail at each of their own calls; one line comes before all of them."""
    (project / ".regraft").mkdir(exist_ok=True)
    monkeypatch.setattr("flows.cli.shell.guard.os.access", lambda path, mode: False)
    with pytest.raises(ConfigError, match=r"\.regraft: cannot be written to; nothing was begun"), guarded():
        pass

"""Runs of commands that were killed, in a real Prefect API."""

import os
import subprocess
import sys

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.states import Running
from prefect.testing.utilities import prefect_test_harness

from flows.process.abandoned import crash_abandoned_commands, marked

KILLED = """
import os, signal
from flows.process.abandoned import marked
from prefect import flow

@flow
def inner():
    os.kill(os.getpid(), signal.SIGKILL)

@flow
def outer():
    inner()

with marked():
    outer()
"""


@flow
def looks() -> list[bool]:
    """Clears up from within a command, and says what became of its own run."""
    crash_abandoned_commands()
    with get_client(sync_client=True) as client:
        return [run.state.is_running() for run in client.read_flow_runs() if run.name.startswith("own")]


def test_crash_abandoned_commands__killed_outright():
    """Its run and the one within it are crashed; what runs, and what carries no mark, is left alone."""
    with prefect_test_harness(server_startup_timeout=180), get_client(sync_client=True) as client:
        here = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value()}
        subprocess.run([sys.executable, "-c", KILLED], check=False, capture_output=True, timeout=120, env=here)
        left = [run.id for run in client.read_flow_runs() if run.state.is_running()]
        other = client.create_flow_run(looks, state=Running(), tags=["of somebody else"])
        with marked():
            assert looks.with_options(flow_run_name="own")() == [True]
        assert len(left) == 2
        assert all(client.read_flow_run(one).state.is_crashed() for one in left)
        assert client.read_flow_run(other.id).state.is_running()
        assert crash_abandoned_commands() == 0

"""A run whose process lives goes on; what a process left behind does not."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from registry.store.run_marks import PROCESS, SINCE, goes_on, run_mark
from settings.processes import here


def test_goes_on__of_this_process():
    """A run that this process has just marked goes on; one without a mark, of an earlier release, does not."""
    assert goes_on(run_mark())
    assert not goes_on({})


def test_goes_on__of_a_process_that_is_gone():
    """The mark of a process that has ended, or whose number another one has by now, is that of a run cut off."""
    code = "import json; from registry.store.run_marks import run_mark; print(json.dumps(run_mark()))"
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not goes_on(json.loads(left))
    earlier = datetime.now(UTC) - timedelta(days=400)
    assert not goes_on({PROCESS: here(), SINCE: earlier.isoformat()})


def test_goes_on__of_another_machine():
    """Of another machine nothing is known: its run is left alone for a day."""
    now = datetime.now(UTC)
    assert goes_on({PROCESS: "elsewhere:1", SINCE: (now - timedelta(hours=20)).isoformat()})
    assert not goes_on({PROCESS: "elsewhere:1", SINCE: (now - timedelta(hours=30)).isoformat()})

"""A process is known by its machine and number for as long as it runs."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from settings.processes import CLOCK, here, is_of_this_machine, still_runs


def test_still_runs__this_process():
    """This one runs; it did not before it was started."""
    assert still_runs(here(), datetime.now(UTC))
    assert not still_runs(here(), datetime.now(UTC) - timedelta(days=400, seconds=CLOCK))


def test_still_runs__one_that_is_gone():
    """One that has ended does not."""
    code = "from settings.processes import here; print(here())"
    gone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert is_of_this_machine(gone)
    assert not still_runs(gone, datetime.now(UTC))


def test_is_of_this_machine__another():
    """A process of another machine is told by its name, whatever that holds."""
    assert not is_of_this_machine("a:b:1")

"""What the tests of flows share: a domain that another process works on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOLDER = """
import sys
from pathlib import Path
from data.stores.locks import domain_lock
with domain_lock(Path(sys.argv[1]), "photos", "retrain"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def busy(project: Path) -> Iterator[None]:
    """Another process holds the lock of the domain `photos`, as a retrain does for hours."""
    command = [sys.executable, "-c", HOLDER, str(project / ".regraft")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()
    assert process.returncode == 0

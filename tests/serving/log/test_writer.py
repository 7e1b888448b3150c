"""What waits for the disk: kept while it refuses, whole where it was written, whatever is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from data.errors import StorageError
from serving.log.predictions import read
from serving.log.store import Store
from serving.log.writer import LogWriter

WRITER = """
import sys, time
from datetime import UTC, datetime
from serving.log.predictions import append
from serving.log.schema import Prediction
number = 0
while True:
    now = datetime.now(UTC)
    rows = [Prediction(now, 1, "t", "h", f"{number}-{place}", error="e") for place in range(500)]
    append("pets", rows, ())
    print(number, flush=True)
    number += 1
"""


@pytest.fixture
def full(monkeypatch):
    """A disk that is full until the context is left."""

    def refuse(*_) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("serving.log.writer.append", refuse)
        yield patched


def test_log_writer__disk_is_full(full, monkeypatch, rows):
    """Of what waits nothing is lost up to a bound, and it is written once the disk takes again; the rest is counted."""
    monkeypatch.setattr("serving.log.writer.MOST_ROWS", 3)
    log = LogWriter("pets")
    for row in rows(0, 5):
        log.add(row, ("brightness",))
    for _ in range(3):
        asyncio.run(log.flush())
    assert (log.fault, log.lost, log.waiting) == ("the disk is full", 2, 3)
    full.undo()
    asyncio.run(log.flush())
    assert (log.fault, log.waiting, read("pets")["path"].tolist()) == ("", 0, ["0", "1", "2"])


def test_log_writer__disk_fills_up_in_the_middle(monkeypatch, rows):
    """Of two versions one is written; both are appended again later, and each row counts once."""
    put, left = Store._put, [1]

    def narrow(self, path, content):
        if not left:
            raise StorageError("the disk is full")
        left.pop()
        put(self, path, content)

    log = LogWriter("pets")
    for row in [*rows(0, 2, version=1), *rows(2, 4, version=2)]:
        log.add(row, ("brightness",))
    with monkeypatch.context() as patched:
        patched.setattr(Store, "_put", narrow)
        asyncio.run(log.flush())
    assert (log.waiting, read("pets")["path"].tolist()) == (4, ["0", "1"])
    asyncio.run(log.flush())
    assert sorted(read("pets")["path"]) == list("0123")
    assert len(read("pets", version=1)) == 2


def test_log_writer__rows_that_come_while_it_is_full(full, monkeypatch, rows):
    """The bound holds for what waits and what comes, however often it is tried; the oldest are kept."""
    monkeypatch.setattr("serving.log.writer.MOST_ROWS", 3)
    log = LogWriter("pets")
    for row in rows(0, 9):
        log.add(row, ("brightness",))
        asyncio.run(log.flush())
    assert (log.waiting, log.lost) == (3, 6)
    full.undo()
    asyncio.run(log.flush())
    assert read("pets")["path"].tolist() == ["0", "1", "2"]


def test_append__killed_while_it_writes(home):
    """Killed for good at any moment: each file that is read is whole, and all that was told to be written is there."""
    for wait in (0.0, 0.01, 0.03):
        before = len(read("pets"))
        process = subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, text=True, env=os.environ)
        told = [process.stdout.readline()]
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
        process.wait()
        count = len(read("pets")) - before
        assert count % 500 == 0
        assert count >= 500 * len([line for line in told if line.endswith("\n")])

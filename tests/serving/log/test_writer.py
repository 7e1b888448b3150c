"""What waits for the disk."""

import asyncio

import pytest

from data.errors import StorageError
from serving.log.predictions import read
from serving.log.writer import LogWriter


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
    assert (log.fault, log.lost) == ("the disk is full", 2)
    full.undo()
    asyncio.run(log.flush())
    assert (log.fault, read("pets")["path"].tolist()) == ("", ["0", "1", "2"])

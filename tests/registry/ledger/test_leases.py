"""One writer a domain, on whatever machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from data.errors import LockedError
from registry.ledger import leases
from registry.ledger.leases import domain_lease, holder_of
from registry.ledger.sql.database import Database
from registry.ledger.sql.tables import LEASES
from settings.machine import load_settings

HOLDER = """
import socket, sys
if len(sys.argv) > 1:
    socket.gethostname = lambda: sys.argv[1]
from registry.ledger.leases import domain_lease
with domain_lease("solar", "retrain"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request, project, monkeypatch):
    """Two folders that share nothing but the ledger's database; yields the other one."""
    file = f"sqlite:///{project / 'shared.db'}"
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else file
    monkeypatch.setenv("REGRAFT_LEDGER_URL", url)
    other = project / "other"
    other.mkdir()
    return other


@contextmanager
def held(folder: Any, machine: str = "elsewhere") -> Iterator["subprocess.Popen[str]"]:
    """A process in another folder, of a machine of that name, that holds `solar` until it reads a line or dies."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    env = {**os.environ, "REGRAFT_ROOT": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", HOLDER, machine], text=True, env=env, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def age(by: timedelta) -> None:
    """Lets the lease of `solar` be last renewed so long ago."""
    database = Database(load_settings().ledger)
    with database.writing() as connection:
        seen = leases._now(connection) - by
        connection.execute(update(LEASES).values(seen=seen))


def test_domain_lease__another_machine_has_it(shared):
    """It is named, with its machine; other domains are free, and so is this one when it has ended."""
    with held(shared) as process:
        told = rf"'solar' is busy: retrain runs in process {process.pid} of elsewhere since 20\d\d-.*; wait for it"
        assert f"{process.pid} of elsewhere" in (holder_of("solar") or "")
        with pytest.raises(LockedError, match=told), domain_lease("solar", "train"):
            raise AssertionError
        with domain_lease("digits", "train"):
            pass
        process.communicate("\n")
    with domain_lease("solar", "train"), domain_lease("solar", "evaluate"):
        assert (holder_of("solar") or "").startswith("train runs in process")
    assert holder_of("solar") is None


def test_domain_lease__dead_machine(shared):
    """Another machine's lease stays a while after a kill, and is free once it was not renewed for long."""
    with held(shared) as process:
        process.kill()
        process.wait()
        age(leases.LASTS - timedelta(seconds=30))
        with pytest.raises(LockedError), domain_lease("solar", "train"):
            raise AssertionError
        age(leases.LASTS)
        with domain_lease("solar", "train"):
            pass


def test_domain_lease__dead_process_of_this_machine(shared):
    """It is free at once."""
    with held(shared, leases.here().rpartition(":")[0]) as process:
        process.kill()
        process.wait()
        with domain_lease("solar", "train"):
            pass


@pytest.mark.timeout(60)
def test_domain_lease__taken_over(shared, monkeypatch, request):
    """Who was cut off for too long is interrupted, in one line, and takes nothing from who came after."""
    monkeypatch.setattr(leases, "RENEWED", 0.05)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a worker of the tests ignores it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def lose() -> None:
        with Database(load_settings().ledger).writing() as connection:
            connection.execute(update(LEASES).values({"token": "x", "process": "elsewhere:1"}))
        while True:
            pass

    with pytest.raises(LockedError, match="was taken over by another machine"), domain_lease("solar", "retrain"):
        lose()
    assert "1 of elsewhere" in (holder_of("solar") or "")


def test_domain_lease__renewed(shared, monkeypatch):
    """While its holder lives it grows no older."""
    monkeypatch.setattr(leases, "RENEWED", 0.05)
    with domain_lease("solar", "retrain"):
        before = seen()
        age(leases.LASTS)
        while seen() < before:
            pass


def seen() -> datetime:
    """When the lease of `solar` was last renewed."""
    with Database(load_settings().ledger).reading() as connection:
        found = leases._holder(connection, "solar")
    assert found is not None
    return found.seen

"""One writer a domain."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data.errors import LockedError, StorageError
from data.stores.locks import domain_lock, process_of

HOLDER = """
import pathlib, sys
from data.stores.locks import domain_lock
with domain_lock(pathlib.Path(sys.argv[1]), "solar", "retrain"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held_elsewhere(home: Path, helpers: Any) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock of `solar` until it reads a line or dies."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], text=True, env=helpers.environment(home), **pipes
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_domain_lock__says_who_holds_it(tmp_path: Path, helpers: Any) -> None:
    """A second process is told what runs, in which process and since when; another domain is free."""
    with held_elsewhere(tmp_path, helpers) as process:
        told = rf"'solar' is busy: retrain runs in process {process.pid} since 20\d\d-.*; wait for it to end"
        with pytest.raises(LockedError, match=told), domain_lock(tmp_path, "solar", "train"):
            raise AssertionError
        with domain_lock(tmp_path, "digits", "train"):
            pass


@pytest.mark.parametrize(
    "refuse", [lambda home: (home / "locks").touch(), lambda home: _mkdir(home / "locks/solar.json")]
)
def test_domain_lock__disk_refuses(refuse: Callable[[Path], None], tmp_path: Path) -> None:
    """Files that cannot be written are one line with place and remedy, and leave the domain free."""
    refuse(tmp_path)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"cannot write .*locks: .*; free disk space or check its rights"):
            domain_lock(tmp_path, "solar", "check").__enter__()


def _mkdir(path: Path) -> None:
    path.mkdir(parents=True)


def test_domain_lock__freed_by_kill(tmp_path: Path, helpers: Any) -> None:
    """Kill -9 of the holder frees the lock; nobody has to clean up."""
    with held_elsewhere(tmp_path, helpers) as process:
        process.kill()
        process.wait()
        with domain_lock(tmp_path, "solar", "train"):
            pass


def test_domain_lock__waits(tmp_path: Path, helpers: Any) -> None:
    """With patience, the lock is taken once the other process ends."""
    with held_elsewhere(tmp_path, helpers) as process:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        with domain_lock(tmp_path, "solar", "train", wait=60):
            assert process.wait(60) == 0


def test_domain_lock__says_what_it_waits_for(tmp_path: Path, helpers: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Who waits says for which process; when nothing runs there is no holder, nor when it was killed."""
    assert process_of(tmp_path, "solar") is None
    with held_elsewhere(tmp_path, helpers) as process:
        assert process_of(tmp_path, "solar") == process.pid
        with pytest.raises(LockedError), domain_lock(tmp_path, "solar", "train", wait=0.1):
            raise AssertionError
        assert f"'solar' is busy: retrain runs in process {process.pid}" in caplog.text
        process.kill()
        process.wait()
    assert process_of(tmp_path, "solar") is None
    with domain_lock(tmp_path, "solar", "train"):
        assert process_of(tmp_path, "solar") == os.getpid()
    assert process_of(tmp_path, "solar") is None


def test_process_of__number_of_another_process(tmp_path: Path) -> None:
    """After a reboot a file of a dead holder may name a process that began later: it holds nothing."""
    path = tmp_path / "locks" / "solar.json"
    path.parent.mkdir()
    for since, holds in (("2001-01-01T00:00:00+00:00", False), (datetime.now(UTC).isoformat(), True)):
        path.write_text(json.dumps({"doing": "retrain", "pid": os.getpid(), "since": since}))
        assert process_of(tmp_path, "solar") == (os.getpid() if holds else None)


def test_domain_lock__one_flow_inside_another(tmp_path: Path) -> None:
    """`retrain` holds the lock and calls `train`, which takes it, too; a fault frees it."""
    with pytest.raises(KeyError), domain_lock(tmp_path, "solar", "retrain"), domain_lock(tmp_path, "solar", "train"):
        raise KeyError
    with domain_lock(tmp_path, "solar", "retrain"):
        pass


def test_domain_lock__inner_leaves_the_outer_held(tmp_path: Path, helpers: Any) -> None:
    """When the inner flow ends, the outer one still keeps others away."""
    with domain_lock(tmp_path, "solar", "retrain"):
        with domain_lock(tmp_path, "solar", "train"):
            pass
        tried = subprocess.run(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            env=helpers.environment(tmp_path), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert "LockedError: 'solar' is busy: retrain runs in process" in tried.stderr

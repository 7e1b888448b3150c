"""One writer a domain: a lock that dies with its holder and says who holds it."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from data.errors import LockedError, StorageError
from settings.processes import still_runs

log = logging.getLogger(__name__)


@contextmanager
def domain_lock(home: Path, name: str, doing: str, wait: float = 0.0) -> Iterator[None]:
    """Holds the domain's lock while the block runs; the operating system frees it when the process dies.

    Raises:
        LockedError: another process still holds it after `wait` seconds.
        StorageError: the disk refuses the lock's files.
    """
    folder = home / "locks"
    lock = FileLock(folder / f"{name}.lock", is_singleton=True)  # one flow may run inside another
    holder = _holder_file(home, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _acquire(lock, holder, name, wait)
    except Timeout as error:
        raise LockedError(f"{name!r} is busy: {_holder(holder)}; wait for it to end, or stop that process") from error
    except OSError as error:
        raise _refused(folder, error) from error
    try:
        if lock.lock_counter == 1:
            _sign(holder, doing)
        yield
    finally:
        _leave(lock, holder)


def _leave(lock: BaseFileLock, holder: Path) -> None:
    """Releases the lock; the outermost block of a process takes its name off it."""
    if lock.lock_counter == 1:
        with suppress(OSError):  # a process that is gone holds nothing, whatever the file says
            holder.unlink()
    lock.release()


def _sign(holder: Path, doing: str) -> None:
    """Writes who holds the lock, and since when."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        holder.write_text(json.dumps({"doing": doing, "pid": os.getpid(), "since": since}), encoding="utf-8")
    except OSError as error:
        raise _refused(holder.parent, error) from error


def _refused(folder: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot write {folder}: {error.strerror or error}; free disk space or check its rights")


def _acquire(lock: BaseFileLock, holder: Path, name: str, wait: float) -> None:
    """Takes the lock; who has to wait for it says for what."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise
        log.warning("%r is busy: %s; this run waits up to %d minutes for it", name, _holder(holder), wait / 60)
        lock.acquire(timeout=wait)


def process_of(home: Path, name: str) -> int | None:
    """Number of the process that holds the lock; None: none does."""
    try:
        known = json.loads(_holder_file(home, name).read_text(encoding="utf-8"))
        pid, since = int(known["pid"]), datetime.fromisoformat(known["since"])
    except (OSError, ValueError, KeyError):  # nobody, or a file that was cut off
        return None
    return pid if still_runs(str(pid), since) else None  # not one who was killed and whose number another has got


def _holder_file(home: Path, name: str) -> Path:
    return home / "locks" / f"{name}.json"


def _holder(path: Path) -> str:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return f"{known['doing']} runs in process {known['pid']} since {known['since']}"
    except (OSError, ValueError, KeyError):
        return "another process has just begun"

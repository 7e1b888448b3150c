"""One writer a domain: a lock that dies with its holder and says who holds it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from data.errors import LockedError


@contextmanager
def domain_lock(home: Path, name: str, doing: str, wait: float = 0.0) -> Iterator[None]:
    """Holds the domain's lock while the block runs; the operating system frees it when the process dies.

    Raises:
        LockedError: another process still holds it after `wait` seconds.
    """
    folder = home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock", is_singleton=True)  # one flow may run inside another
    holder = folder / f"{name}.json"
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        raise LockedError(f"{name!r} is busy: {_holder(holder)}; wait for it to end, or stop that process") from error
    try:
        if lock.lock_counter == 1:
            since = datetime.now(UTC).isoformat(timespec="seconds")
            holder.write_text(json.dumps({"doing": doing, "pid": os.getpid(), "since": since}), encoding="utf-8")
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return f"{known['doing']} runs in process {known['pid']} since {known['since']}"
    except (OSError, ValueError, KeyError):
        return "another process has just begun"

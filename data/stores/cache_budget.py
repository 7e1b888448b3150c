"""The disk budget of the feature caches: the least recently used ones go first, and none that a run is using."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import StorageError


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Keeps a cache folder from being evicted while the block runs; any number of runs may hold it at once.

    Raises:
        StorageError: the disk refused the lock file.
    """
    lock = _lock(folder)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    except OSError as error:
        raise StorageError(f"cannot write {lock}: {error.strerror}; free disk space or check its rights") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        os.utime(file.fileno())
        yield


def make_room(root: Path, needed: int, budget: int) -> bool:
    """Evicts unused caches below `root` until `needed` more bytes fit into `budget`; False if they cannot.

    Nothing is evicted where that would not be enough.
    """
    sizes = {folder: _size(folder) for folder in root.glob("*") if folder.is_dir()}
    excess = sum(sizes.values()) + needed - budget
    idle = [folder for folder in sorted(sizes, key=_last_used) if not _held(folder)]
    if excess > sum(sizes[folder] for folder in idle):
        return False
    for folder in idle:
        if excess <= 0:
            break
        excess -= sizes[folder] * _evict(folder)
    return excess <= 0


def _lock(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")  # beside the folder: it outlives an eviction


def _last_used(folder: Path) -> float:
    lock = _lock(folder)
    return lock.stat().st_mtime if lock.exists() else 0.0


def _held(folder: Path) -> bool:
    try:
        with _lock(folder).open() as file:  # not made here: a cache that nobody has used is the oldest
            return not _alone(file.fileno())
    except FileNotFoundError:
        return False


def _evict(folder: Path) -> bool:
    with _lock(folder).open("a") as file:
        if not _alone(file.fileno()):
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return True


def _alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _size(folder: Path) -> int:
    """Bytes below a folder; another run may be adding to it or dropping it."""
    return sum(_file_size(Path(place, name)) for place, _, names in os.walk(folder) for name in names)


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

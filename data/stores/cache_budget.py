"""The disk budget of the feature caches: the least recently used ones go first, and none that a run is using.

Room is reserved: what a run has been promised counts as taken until it has filled it or nobody uses that cache any
more, so that two runs are not promised the same room.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from data.errors import StorageError
from data.stores.atomic import write_text

PROMISE = ".promised"  # beside a cache: how many bytes it will have


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
        _forget_promise(folder, file.fileno())
        fcntl.flock(file, fcntl.LOCK_SH)
        os.utime(file.fileno())
        yield


def make_room(root: Path, growth: Mapping[Path, int], budget: int) -> bool:
    """Reserves room for caches below `root` to grow by so many bytes; False if that is more than `budget` has.

    Unused caches are evicted for it, but none where that would not be enough. What is reserved stays so while the
    caller, or anybody else, has the caches in use.
    """
    with _one_at_a_time(root):
        sizes = {folder: _size(folder) for folder in root.glob("*") if folder.is_dir()}
        idle = [folder for folder in sorted(sizes, key=_last_used) if not _held(folder)]
        wanted = {folder: sizes.get(folder, 0) + more for folder, more in growth.items()}
        taken = _larger(sizes, _promised(root), wanted)
        free = [folder for folder in idle if folder not in wanted]
        excess = sum(taken.values()) - budget
        if excess > sum(taken[folder] for folder in free):
            return False
        if _evicted(free, taken, excess) < excess:
            return False
        for folder in wanted:
            write_text(_promise(folder), str(taken[folder]))
        return True


def surplus(root: Path, budget: int) -> dict[Path, int]:
    """Caches with their bytes that `make_room` would evict for all to be within the budget; changes nothing.

    The least recently used come first, and none that a run is using is among them.
    """
    sizes = {folder: _size(folder) for folder in sorted(root.glob("*"), key=_last_used) if folder.is_dir()}
    excess, chosen = sum(sizes.values()) - budget, {}
    for folder, size in sizes.items():
        if excess > 0 and not _held(folder):
            chosen[folder] = size
            excess -= size
    return chosen


def _evicted(free: list[Path], taken: Mapping[Path, int], excess: int) -> int:
    """Evicts caches, the first ones first, until they free so many bytes; returns how many they freed."""
    freed = 0
    for folder in free:
        if freed >= excess:
            break
        freed += taken[folder] * _evict(folder)
    return freed


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".room.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _promised(root: Path) -> dict[Path, int]:
    """How large each cache in use will be."""
    folders = [path.with_name(path.name.removesuffix(PROMISE)) for path in root.glob(f"*{PROMISE}")]
    return {folder: _read_promise(folder) for folder in folders if _held(folder)}


def _read_promise(folder: Path) -> int:
    try:
        return int(_promise(folder).read_text(encoding="ascii"))
    except FileNotFoundError:  # its run has ended, and another uses the cache now
        return 0


def _larger(*sizes: Mapping[Path, int]) -> dict[Path, int]:
    return {folder: max(one.get(folder, 0) for one in sizes) for folder in {name for one in sizes for name in one}}


def _promise(folder: Path) -> Path:
    return folder.with_name(folder.name + PROMISE)


def _lock(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")  # beside the folder: it outlives an eviction


def _last_used(folder: Path) -> float:
    lock = _lock(folder)
    return lock.stat().st_mtime if lock.exists() else 0.0


def _held(folder: Path) -> bool:
    try:
        with _lock(folder).open() as file:  # not made here: a cache that nobody has used is the oldest
            return not _forget_promise(folder, file.fileno())
    except FileNotFoundError:
        return False


def _forget_promise(folder: Path, descriptor: int) -> bool:
    """Whether nobody else uses the cache; then what was promised to a run that was killed is void."""
    alone = _alone(descriptor)
    if alone:
        _promise(folder).unlink(missing_ok=True)
    return alone


def _evict(folder: Path) -> bool:
    with _lock(folder).open("a") as file:
        if not _forget_promise(folder, file.fileno()):
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

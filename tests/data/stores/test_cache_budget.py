"""The disk budget evicts what was used longest ago, and never what a run holds."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from data.errors import StorageError
from data.stores.cache_budget import in_use, make_room

HOLD = "import sys, pathlib, data.stores.cache_budget as b\nwith b.in_use(pathlib.Path(sys.argv[1])): print(); input()"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three caches of 100 bytes: `old` was used before `middle`, and that before `young`."""
    for age, name in enumerate(("young", "middle", "old")):
        (tmp_path / name / "chunk").mkdir(parents=True)
        (tmp_path / name / "chunk" / "features.npy").write_bytes(bytes(100))
        with in_use(tmp_path / name):
            pass
        os.utime(tmp_path / f"{name}.lock", (1000 - age, 1000 - age))
    return tmp_path


def left(root: Path) -> set[str]:
    """Names of the caches that are there."""
    return {path.name for path in root.iterdir() if path.is_dir()}


@contextmanager
def held_elsewhere(folder: Path, environment: Callable[[Path], dict[str, str]]) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that uses a cache."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(folder.parent)
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("needed", "kept"),
    [(100, {"old", "middle", "young"}), (101, {"middle", "young"}), (201, {"young"}), (400, set())],
)
def test_make_room__longest_unused_first(root: Path, needed: int, kept: set[str]) -> None:
    """As many go as must, those used longest ago first."""
    assert make_room(root, needed, 400)
    assert left(root) == kept


def test_make_room__use_makes_young(root: Path) -> None:
    """A cache that was used again outlives one that was not."""
    with in_use(root / "old"):
        pass
    assert make_room(root, 1, 300)
    assert left(root) == {"old", "young"}


def test_make_room__never_used_goes_first(root: Path) -> None:
    """A cache without a lock file counts as the oldest, also after it was looked at once."""
    (root / "unknown").mkdir()
    (root / "unknown" / "features.npy").write_bytes(bytes(100))
    assert make_room(root, 0, 400)
    assert make_room(root, 1, 400)
    assert left(root) == {"old", "middle", "young"}


def test_make_room__too_small(root: Path) -> None:
    """Where even an empty cache would be too small, nothing is evicted."""
    assert not make_room(root, 401, 400)
    assert left(root) == {"old", "middle", "young"}


def test_make_room__nothing_there(tmp_path: Path) -> None:
    """Before the first cache there is room for as much as the budget."""
    assert make_room(tmp_path / "none", 400, 400)
    assert not make_room(tmp_path / "none", 401, 400)


def test_make_room__keeps_what_this_process_uses(root: Path) -> None:
    """The oldest stays while it is in use, by any number of users, and the next goes in its place."""
    with in_use(root / "old"), in_use(root / "old"):
        assert make_room(root, 1, 300)
        assert left(root) == {"old", "young"}
        assert not make_room(root, 201, 300)
    assert left(root) == {"old", "young"}


def test_make_room__keeps_what_another_process_uses(root: Path, helpers: Any) -> None:
    """A cache that another process holds is kept, and free again once that process was killed."""
    with held_elsewhere(root / "old", helpers.environment) as process:
        assert make_room(root, 1, 300)
        assert left(root) == {"old", "young"}
        assert not make_room(root, 250, 300)
        assert left(root) == {"old", "young"}
        process.kill()
        process.wait()
        assert make_room(root, 250, 300)
    assert left(root) == set()


def test_in_use__folder_cannot_be_made(tmp_path: Path) -> None:
    """A disk that refuses is one line."""
    (tmp_path / "taken").touch()
    with (
        pytest.raises(StorageError, match=r"cannot write .*cache.lock: .*; free disk space"),
        in_use(tmp_path / "taken" / "cache"),
    ):
        pass


def test_in_use__fault_inside_the_block(tmp_path: Path) -> None:
    """What goes wrong in the block keeps its own words."""
    with pytest.raises(StorageError, match="^no room$"), in_use(tmp_path / "cache"):
        raise StorageError("no room")

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
from data.stores.cache_budget import in_use, make_room, surplus

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
    assert make_room(root, {root / "new": needed}, 400)
    assert left(root) == kept


def test_make_room__use_makes_young(root: Path) -> None:
    """A cache that was used again outlives one that was not."""
    with in_use(root / "old"):
        pass
    assert make_room(root, {root / "new": 1}, 300)
    assert left(root) == {"old", "young"}


def test_make_room__never_used_goes_first(root: Path) -> None:
    """A cache without a lock file counts as the oldest, also after it was looked at once."""
    (root / "unknown").mkdir()
    (root / "unknown" / "features.npy").write_bytes(bytes(100))
    assert make_room(root, {root / "new": 0}, 400)
    assert make_room(root, {root / "new": 1}, 400)
    assert left(root) == {"old", "middle", "young"}


def test_make_room__too_small(root: Path) -> None:
    """Where even an empty cache would be too small, nothing is evicted."""
    assert not make_room(root, {root / "new": 401}, 400)
    assert left(root) == {"old", "middle", "young"}


def test_make_room__nothing_there(tmp_path: Path) -> None:
    """Before the first cache there is room for as much as the budget."""
    assert make_room(tmp_path / "none", {tmp_path / "none" / "new": 400}, 400)
    assert not make_room(tmp_path / "none", {tmp_path / "none" / "new": 401}, 400)


def test_make_room__keeps_what_this_process_uses(root: Path) -> None:
    """The oldest stays while it is in use, by any number of users, and the next goes in its place."""
    with in_use(root / "old"), in_use(root / "old"):
        assert make_room(root, {root / "new": 1}, 300)
        assert left(root) == {"old", "young"}
        assert not make_room(root, {root / "new": 201}, 300)
    assert left(root) == {"old", "young"}


def test_make_room__keeps_what_another_process_uses(root: Path, helpers: Any) -> None:
    """A cache that another process holds is kept, and free again once that process was killed."""
    with held_elsewhere(root / "old", helpers.environment) as process:
        assert make_room(root, {root / "new": 1}, 300)
        assert left(root) == {"old", "young"}
        assert not make_room(root, {root / "new": 250}, 300)
        assert left(root) == {"old", "young"}
        process.kill()
        process.wait()
        assert make_room(root, {root / "new": 250}, 300)
    assert left(root) == set()


def test_make_room__promised_once(root: Path) -> None:
    """Room that one run was promised is not promised to another, before it is filled, while it is, and after that."""
    first, second = root / "first", root / "second"
    with in_use(first), in_use(second):
        assert make_room(root, {first: 300}, 400)
        assert not make_room(root, {second: 101}, 400)
        for number in range(3):
            (first / str(number)).mkdir(parents=True)
            (first / str(number) / "features.npy").write_bytes(bytes(100))
            assert make_room(root, {first: 200 - 100 * number}, 400)
            assert not make_room(root, {second: 101}, 400)
        assert make_room(root, {second: 100}, 400)


def test_make_room__more_and_less_of_one_cache(root: Path) -> None:
    """Two runs that fill the same cache are promised the larger part once."""
    with in_use(root / "new"), in_use(root / "other"):
        assert make_room(root, {root / "new": 300}, 400)
        assert make_room(root, {root / "new": 200}, 400)
        assert not make_room(root, {root / "other": 101}, 400)
        assert make_room(root, {root / "other": 100}, 400)


def test_make_room__promise_ends_with_its_run(root: Path) -> None:
    """What was promised is free again when nobody uses that cache, and is no promise to who uses it next."""
    with in_use(root / "new"):
        assert make_room(root, {root / "new": 400}, 400)
    with in_use(root / "new"), in_use(root / "other"):
        assert make_room(root, {root / "other": 400}, 400)


RACE = """
import pathlib, random, sys
from data.stores.cache_budget import _one_at_a_time, _size, in_use, make_room
root, name, rounds = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
chance = random.Random(name)
for _ in range(rounds):
    folder = root / f"{name}-{chance.randrange(3)}"
    with in_use(folder):
        size = chance.randrange(200, 700)
        if not make_room(root, {folder: size}, 1000):
            continue
        for part in range(4):
            chunk = folder / str(chance.random())
            chunk.mkdir(parents=True)
            (chunk / "features.npy").write_bytes(bytes(size // 4))
            with _one_at_a_time(root):  # nothing is evicted while it is counted
                found = sum(map(_size, root.glob("?-?")))
            assert found <= 1000, found
"""


@pytest.mark.parametrize(("runs", "rounds"), [(3, 40), pytest.param(6, 1500, marks=pytest.mark.long)])
def test_make_room__race(tmp_path: Path, helpers: Any, runs: int, rounds: int) -> None:
    """However many runs ask at once and fill what they were promised, the caches never outgrow the budget."""
    commands = [[sys.executable, "-c", RACE, str(tmp_path), str(run), str(rounds)] for run in range(runs)]
    started = [subprocess.Popen(command, env=helpers.environment(tmp_path)) for command in commands]
    assert [process.wait() for process in started] == [0] * runs


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


def test_surplus__says_what_would_go(root):
    """The least recently used come first, none that is in use, none within the budget; and nothing is changed."""
    assert surplus(root, 150) == {root / "old": 100, root / "middle": 100}
    with in_use(root / "old"):
        assert surplus(root, 0).keys() == {root / "middle", root / "young"}
    assert (surplus(root, 300), left(root)) == ({}, {"old", "middle", "young"})

"""A growing array in files of fixed length."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from data.errors import StorageError
from data.stores import shards
from data.stores.shards import append_rows, read_rows, remove_leftovers, shard_rows

SHAPE = (4, 5, 3)


@dataclass(frozen=True)
class Kind:
    """What shards ask of a spec."""

    shape: tuple[int, ...] = SHAPE
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.uint8))


KIND: Any = Kind()
ROWS = np.random.default_rng(0).integers(0, 256, (25, *SHAPE), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _short_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows a shard."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 10 * 60 + 59)


def append(folder: Path, start: int, rows: npt.NDArray[np.uint8]) -> list[int]:
    """Appends to the end; returns where each shard ended."""
    return list(append_rows(folder, start, iter(rows), KIND))


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Files with their bytes."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_shard_rows__at_least_one() -> None:
    """A sample larger than a shard is a shard of its own."""
    assert shard_rows(KIND) == 10
    assert shard_rows(Kind((1000, 1000, 3))) == 1


@pytest.mark.parametrize("cuts", [[25], [10, 20, 25], [3, 9, 10, 11, 25], [1, 24, 25], [0, 20, 20, 25]])
def test_append_rows__grown_is_as_written_at_once(tmp_path: Path, cuts: list[int]) -> None:
    """However the rows come, the files are the same."""
    append(tmp_path / "once", 0, ROWS)
    start = 0
    for end in cuts:
        append(tmp_path / "grown", start, ROWS[start:end])
        start = end
    assert bytes_of(tmp_path / "grown") == bytes_of(tmp_path / "once")
    assert sorted(bytes_of(tmp_path / "once")) == ["shard-00000.npy", "shard-00001.npy", "shard-00002.npy"]


def test_append_rows__full_shards_are_never_written_again(tmp_path: Path) -> None:
    """New samples cost new samples."""
    append(tmp_path, 0, ROWS[:15])
    before = (tmp_path / "shard-00000.npy").stat()
    assert append(tmp_path, 15, ROWS[15:]) == [20, 25]
    assert (tmp_path / "shard-00000.npy").stat() == before


def test_append_rows__a_fault_keeps_whole_shards(tmp_path: Path) -> None:
    """When a sample cannot be read, what was told to be stored is there, and nothing else."""

    def broken() -> Iterator[npt.NDArray[np.uint8]]:
        yield from ROWS[:14]
        raise OSError("unplugged")

    ends = append_rows(tmp_path, 0, broken(), KIND)
    assert next(ends) == 10
    with pytest.raises(OSError, match="unplugged"):
        next(ends)
    assert list(bytes_of(tmp_path)) == ["shard-00000.npy"]
    assert (read_rows(tmp_path, np.arange(10), KIND) == ROWS[:10]).all()


def test_append_rows__writes_over_what_does_not_count(tmp_path: Path) -> None:
    """Rows beyond the start, left by a killed process, vanish."""
    append(tmp_path, 0, 255 - ROWS)
    append(tmp_path, 0, ROWS)
    assert (read_rows(tmp_path, np.arange(25), KIND) == ROWS).all()


def test_read_rows__any_order(tmp_path: Path) -> None:
    """Positions may come in any order and more than once."""
    append(tmp_path, 0, ROWS)
    positions = np.array([24, 0, 9, 10, 0, 19])
    assert (read_rows(tmp_path, positions, KIND) == ROWS[positions]).all()
    assert read_rows(tmp_path, np.array([], np.int64), KIND).shape == (0, *SHAPE)


@pytest.mark.parametrize("fault", ["missing", "cut", "text", "pickle", "other type", "other shape", "too short"])
def test_read_rows__damaged_shard(tmp_path: Path, fault: str) -> None:
    """A shard that is not what was written is one clear error, and no pickle is ever loaded."""
    append(tmp_path, 0, ROWS)
    path = tmp_path / "shard-00001.npy"
    whole = path.read_bytes()
    path.unlink()
    if fault == "cut":
        path.write_bytes(whole[:-1])
    if fault == "text":
        path.write_bytes(b"hello")
    if fault == "pickle":
        np.save(path, np.array([{}]), allow_pickle=True)
    if fault == "other type":
        np.save(path, ROWS[:10].astype(np.int16))
    if fault == "other shape":
        np.save(path, ROWS[:10, :2])
    if fault == "too short":
        np.save(path, ROWS[:4])
    with pytest.raises(StorageError, match=r"shard-00001\.npy: .*dvc checkout --force"):
        read_rows(tmp_path, np.array([5, 15]), KIND)
    assert (read_rows(tmp_path, np.array([5, 22]), KIND) == ROWS[[5, 22]]).all()


def test_remove_leftovers__keeps_what_counts(tmp_path: Path) -> None:
    """Temporary files and shards beyond the end go; shards and other files stay."""
    append(tmp_path, 0, ROWS)
    for name in (".shard-00001.npy.x1.tmp", ".index.parquet.x2.tmp", "index.parquet", "shard-00007.npy"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path, 20, KIND)
    assert sorted(bytes_of(tmp_path)) == ["index.parquet", "shard-00000.npy", "shard-00001.npy"]

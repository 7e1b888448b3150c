"""Decoded samples in a few large files: row `position` of a growing array, cut into shards of fixed length.

Only the last shard is ever written again, so new samples cost new samples. An index written after each shard tells how
many rows count; rows beyond it, left by a killed process, are written over by the next run.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.errors import StorageError
from data.specs.spec import Array, Spec
from data.stores.atomic import atomic_path

SHARD_BYTES = 32 * 2**20


def shard_rows(spec: Spec) -> int:
    """Rows of a full shard of samples of this kind."""
    return max(1, SHARD_BYTES // (int(np.prod(spec.shape)) * spec.dtype.itemsize))


def append_rows(folder: Path, start: int, samples: Iterator[Array], spec: Spec) -> Iterator[int]:
    """Writes samples to the rows from `start` on, a shard at a time in memory; yields the row after each shard.

    Raises:
        StorageError: the disk refused a write; whole shards written so far are kept.
    """
    length, end = shard_rows(spec), start
    pending = [np.asarray(sample) for sample in read_rows(folder, np.arange(start - start % length, start), spec)]
    for sample in samples:
        pending.append(sample)
        end += 1
        if end % length == 0:
            _write(folder, end // length - 1, pending)
            pending = []
            yield end
    if end > start and pending:
        _write(folder, end // length, pending)
        yield end


def remove_leftovers(folder: Path, end: int, spec: Spec) -> None:
    """Deletes what a killed process or another shape left: temporary files, and shards from the row `end` on."""
    kept = {_path(folder, number) for number in range(-(-end // shard_rows(spec)))}
    for found in [*folder.glob(".*.tmp"), *folder.glob("shard-*.npy")]:
        if found not in kept:
            found.unlink()


def read_rows(folder: Path, positions: npt.NDArray[np.int64], spec: Spec) -> Array:
    """Samples at the positions, in their order: the spec's type, [N, *shape]; only the pages that are needed are read.

    Raises:
        StorageError: a shard is missing, altered or of another shape.
    """
    length = shard_rows(spec)
    result = np.empty((len(positions), *spec.shape), spec.dtype)
    shards = positions // length
    for number in np.unique(shards):
        chosen = shards == number
        rows = positions[chosen] % length
        result[chosen] = _open(folder, int(number), spec, int(rows.max()))[rows]
    return result


def _path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05d}.npy"


def _open(folder: Path, number: int, spec: Spec, last: int) -> Array:
    path = _path(folder, number)
    try:
        shard: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{path}: missing or damaged; run `dvc checkout --force`; deleting the folder would forget the splits"
        ) from error
    if shard.shape[1:] != spec.shape or shard.dtype != spec.dtype or len(shard) <= last:
        raise StorageError(
            f"{path}: holds {shard.dtype} {shard.shape}, wanted {spec.dtype} rows {spec.shape} up to row {last}; "
            "run `dvc checkout --force`: deleting the folder would forget the splits"
        )
    return shard


def _write(folder: Path, number: int, samples: list[Array]) -> None:
    with atomic_path(_path(folder, number)) as temporary, temporary.open("wb") as file:
        np.save(file, np.stack(samples), allow_pickle=False)

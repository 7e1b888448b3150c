"""The feature cache: what a frozen network says of a sample, computed once and kept by content hash.

One folder for each (network, transform, boundary, view); inside it chunks that are written once and renamed into
place, so that two runs may share the cache and a killed one leaves nothing half-written.
"""

import hashlib
import logging
import shutil
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.errors import StorageError
from data.stores.atomic import scratch_folder

log = logging.getLogger(__name__)
Features = npt.NDArray[np.float32]
CHUNK = 512
FILES = ("hashes.npy", "features.npy")


@dataclass(frozen=True)
class Rows:
    """Cached rows in an order of their own, read from memory-mapped chunks when they are asked for."""

    chunks: tuple[Features, ...]
    places: npt.NDArray[np.int64]

    def __getitem__(self, positions: Sequence[int] | slice) -> Features:
        """The rows at the positions: float32 [N, ...]."""
        chosen = self.places[positions]
        result = np.empty((len(chosen), *self.chunks[0].shape[1:]), np.float32)
        for number in np.unique(chosen[:, 0]):
            inside = chosen[:, 0] == number
            result[inside] = self.chunks[number][chosen[inside, 1]]
        return result


@dataclass(frozen=True)
class FeatureCache:
    """Features [N, ...] of one network under one transform."""

    folder: Path

    def known(self) -> dict[str, tuple[Path, int]]:
        """Chunk and row of every hash in the cache."""
        return {
            str(digest): (chunk, row)
            for chunk in sorted(self.folder.glob("chunk-*"))
            for row, digest in enumerate(_load(chunk / "hashes.npy"))
        }

    def fill(
        self,
        hashes: Sequence[str],
        compute: Callable[[Sequence[int]], Features],
        progress: Callable[[int, int], None] = lambda done, total: None,
        rows: int = CHUNK,
    ) -> int:
        """Computes what is missing or was altered, `rows` samples at a time; returns their number.

        `compute` takes positions in `hashes`.

        Raises:
            StorageError: the disk refused a write; the chunks written so far are kept.
        """
        missing = self.missing(hashes)
        for start in range(0, len(missing), rows):
            chosen = missing[start : start + rows]
            self._store([hashes[position] for position in chosen], compute(chosen))
            progress(start + len(chosen), len(missing))
        return len(missing)

    def missing(self, hashes: Sequence[str]) -> list[int]:
        """Positions of what is not in the cache; chunks that were altered on disk are dropped first."""
        for chunk in self.folder.glob("chunk-*"):
            if not _unaltered(chunk):
                log.warning("%s was altered or damaged: its samples are computed anew", chunk)
                shutil.rmtree(chunk, ignore_errors=True)  # another run may be dropping it too
        known = self.known()
        return [position for position, digest in enumerate(hashes) if digest not in known]

    def open(self, hashes: Sequence[str]) -> Rows:
        """Rows in the order of `hashes`.

        Raises:
            StorageError: a hash is not in the cache, or a chunk is damaged.
        """
        known = self.known()
        absent = [digest for digest in hashes if digest not in known]
        if absent:
            raise StorageError(
                f"{len(absent)} of {len(hashes)} samples are not in the feature cache {self.folder}; run embed first"
            )
        numbers = {chunk: number for number, chunk in enumerate(sorted({known[digest][0] for digest in hashes}))}
        places = [(numbers[chunk], row) for chunk, row in map(known.__getitem__, hashes)]
        chunks = tuple(_load(chunk / "features.npy").view(np.float32) for chunk in numbers)
        return Rows(chunks, np.array(places, np.int64).reshape(-1, 2))

    def read(self, hashes: Sequence[str]) -> Features:
        """Features in the order of `hashes`, in memory: float32 [N, ...].

        Raises:
            StorageError: a hash is not in the cache, or a chunk is damaged.
        """
        return self.open(hashes)[:]

    def _store(self, hashes: list[str], features: Features) -> None:
        name = "chunk-" + hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]
        try:
            with scratch_folder(self.folder, name) as filled:
                np.save(filled / "hashes.npy", np.array(hashes), allow_pickle=False)
                np.save(filled / "features.npy", features.astype(np.float32, copy=False), allow_pickle=False)
                (filled / "sha256").write_text(_digest(filled), encoding="ascii")
                _publish(filled, self.folder / name)
        except OSError as error:
            raise StorageError(
                f"cannot write {self.folder}: {error.strerror or error}; free disk space or check its rights"
            ) from error


def drop_samples(folder: Path, hashes: AbstractSet[str]) -> int:
    """Drops every chunk of the caches below a folder that holds one of the samples; the others are computed anew."""
    found = [chunk for chunk in folder.glob("*/chunk-*") if not hashes.isdisjoint(map(str, _load(chunk / FILES[0])))]
    for chunk in found:
        shutil.rmtree(chunk)
    return len(found)


def _publish(filled: Path, target: Path) -> None:
    """Renames a chunk into place; another run may have put the same one there first."""
    try:
        filled.rename(target)
    except OSError:
        if not target.exists():
            raise


def _unaltered(chunk: Path) -> bool:
    """Whether a chunk still has the digest that it was written with."""
    try:
        stamp = tuple((chunk / name).stat().st_mtime_ns for name in (*FILES, "sha256"))
        return (chunk / "sha256").read_text(encoding="ascii") == _digest_once(chunk, stamp)
    except (OSError, UnicodeDecodeError):
        return False


@cache
def _digest_once(chunk: Path, stamp: tuple[int, ...]) -> str:
    """The digest; `stamp` makes the memory forget a chunk that was written again."""
    return _digest(chunk)


def _digest(chunk: Path) -> str:
    digests = []
    for name in FILES:
        with (chunk / name).open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return "-".join(digests)


def _load(path: Path) -> npt.NDArray[np.generic]:
    try:
        array: npt.NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise StorageError(f"{path}: damaged; delete {path.parent} and run embed again") from error
    return array

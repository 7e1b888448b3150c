"""The feature cache: what a frozen network says of a sample, computed once and kept by content hash.

One folder for each (network, transform); inside it chunks that are written once and renamed into place, so that two
runs may share the cache and a killed one leaves nothing half-written.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.errors import StorageError

log = logging.getLogger(__name__)
Features = npt.NDArray[np.float32]
CHUNK = 512


@dataclass(frozen=True)
class FeatureCache:
    """Features [N, D] of one network under one transform."""

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
    ) -> int:
        """Computes what is missing, a chunk at a time; `compute` takes positions in `hashes`. Returns their number.

        Raises:
            StorageError: the disk refused a write; the chunks written so far are kept.
        """
        known = self.known()
        missing = [position for position, digest in enumerate(hashes) if digest not in known]
        for start in range(0, len(missing), CHUNK):
            chosen = missing[start : start + CHUNK]
            self._store([hashes[position] for position in chosen], compute(chosen))
            progress(start + len(chosen), len(missing))
        return len(missing)

    def read(self, hashes: Sequence[str]) -> Features:
        """Features in the order of `hashes`: float32 [N, D].

        Raises:
            StorageError: a hash is not in the cache, or a chunk is damaged.
        """
        known = self.known()
        absent = [digest for digest in hashes if digest not in known]
        if absent:
            raise StorageError(
                f"{len(absent)} of {len(hashes)} samples are not in the feature cache {self.folder}; run embed first"
            )
        chunks = {chunk: _load(chunk / "features.npy") for chunk in {known[digest][0] for digest in hashes}}
        return np.stack([chunks[chunk][row] for chunk, row in map(known.__getitem__, hashes)])

    def _store(self, hashes: list[str], features: Features) -> None:
        name = "chunk-" + hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=self.folder) as temporary:
                filled = Path(temporary) / name
                filled.mkdir()
                np.save(filled / "hashes.npy", np.array(hashes), allow_pickle=False)
                np.save(filled / "features.npy", features.astype(np.float32), allow_pickle=False)
                _publish(filled, self.folder / name)
        except OSError as error:
            raise StorageError(
                f"cannot write {self.folder}: {error.strerror or error}; free disk space or check its rights"
            ) from error


def _publish(filled: Path, target: Path) -> None:
    """Renames a chunk into place; another run may have put the same one there first."""
    try:
        filled.rename(target)
    except OSError:
        if not target.exists():
            raise


def _load(path: Path) -> npt.NDArray[np.generic]:
    try:
        array: npt.NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise StorageError(f"{path}: damaged; delete {path.parent} and run embed again") from error
    return array

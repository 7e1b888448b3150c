"""The feature cache computes each sample once and never reads half a chunk."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from data import features
from data.errors import StorageError
from data.features import FeatureCache


class Network:
    """Counts what it computes; the feature of a sample is its number, twice."""

    def __init__(self, hashes: Sequence[str]) -> None:
        self.hashes, self.asked = hashes, 0

    def __call__(self, chosen: Sequence[int]) -> npt.NDArray[np.float32]:
        """Features of the chosen positions."""
        self.asked += len(chosen)
        return np.array([[int(self.hashes[position])] * 2 for position in chosen], np.float32)


def numbers(*spans: range) -> list[str]:
    """Hashes that are numbers."""
    return [str(number) for span in spans for number in span]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeatureCache:
    """Chunks of ten."""
    monkeypatch.setattr(features, "CHUNK", 10)
    return FeatureCache(tmp_path / "cache")


def test_fill__computes_only_what_is_missing(cache: FeatureCache) -> None:
    """New samples cost new samples, a repeated call costs nothing, and progress ends at the number of new ones."""
    told: list[tuple[int, int]] = []
    first = numbers(range(25))
    assert cache.fill(first, Network(first), lambda done, total: told.append((done, total))) == 25
    assert told == [(10, 25), (20, 25), (25, 25)]
    both = numbers(range(30), range(20))
    network = Network(both)
    assert (cache.fill(both, network), network.asked) == (5, 5)
    assert cache.fill(both, network) == 0


def test_read__in_the_order_asked_for(cache: FeatureCache) -> None:
    """Rows follow the hashes, over chunks and repetitions."""
    hashes = numbers(range(25))
    cache.fill(hashes, Network(hashes))
    found = cache.read(["24", "3", "11", "3"])
    assert found.dtype == np.float32
    assert found.tolist() == [[24, 24], [3, 3], [11, 11], [3, 3]]


def test_fill__stopped_and_run_again(cache: FeatureCache) -> None:
    """A fault in the third chunk keeps the first two."""
    hashes = numbers(range(30))

    def failing(chosen: Sequence[int]) -> npt.NDArray[np.float32]:
        if 20 in chosen:
            raise MemoryError
        return Network(hashes)(chosen)

    with pytest.raises(MemoryError):
        cache.fill(hashes, failing)
    network = Network(hashes)
    assert (cache.fill(hashes, network), network.asked) == (10, 10)
    assert cache.read(hashes)[:, 0].tolist() == list(range(30))


def test_fill__killed_while_it_computes(cache: FeatureCache, helpers: Any) -> None:
    """Kill -9 in the second chunk: the first is whole, no half of another is read, the next run goes on."""
    code = (
        "import os, sys, numpy as np, pathlib, data.features as f; f.CHUNK = 10\n"
        "def compute(chosen):\n"
        "    if 10 in chosen: os.kill(os.getpid(), 9)\n"
        "    return np.array([[p, p] for p in chosen], np.float32)\n"
        "f.FeatureCache(pathlib.Path(sys.argv[1])).fill([str(n) for n in range(15)], compute)\n"
    )
    command = [sys.executable, "-c", code, str(cache.folder)]
    killed = subprocess.run(command, check=False, env=helpers.environment(cache.folder))
    assert killed.returncode == -9
    hashes = numbers(range(15))
    assert cache.fill(hashes, Network(hashes)) == 5
    assert cache.read(hashes)[:, 0].tolist() == list(range(15))


def test_fill__half_a_chunk_is_no_chunk(cache: FeatureCache) -> None:
    """What a process left behind while it wrote is not seen."""
    hashes = numbers(range(4))
    (cache.folder / ".half" / "chunk-1").mkdir(parents=True)
    (cache.folder / ".half" / "chunk-1" / "hashes.npy").write_bytes(b"half")
    assert cache.fill(hashes, Network(hashes)) == 4
    assert cache.read(hashes).shape == (4, 2)


def test_fill__another_process_was_first(cache: FeatureCache) -> None:
    """Two runs that compute the same chunk at once end with one of it."""
    hashes = numbers(range(5))

    def raced(chosen: Sequence[int]) -> npt.NDArray[np.float32]:
        FeatureCache(cache.folder).fill(hashes, Network(hashes))
        return Network(hashes)(chosen)

    cache.fill(hashes, raced)
    assert len(list(cache.folder.iterdir())) == 1
    assert cache.read(hashes).shape == (5, 2)


def test_read__unknown_sample(cache: FeatureCache) -> None:
    """A sample that was never embedded is counted in the error."""
    with pytest.raises(StorageError, match=r"2 of 2 samples are not in the feature cache .*; run embed first"):
        cache.read(["1", "2"])


@pytest.mark.parametrize("file", ["hashes.npy", "features.npy"])
def test_read__damaged_chunk(cache: FeatureCache, file: str) -> None:
    """A damaged file is named with what to delete."""
    hashes = numbers(range(5))
    cache.fill(hashes, Network(hashes))
    (chunk,) = cache.folder.iterdir()
    (chunk / file).write_bytes((chunk / file).read_bytes()[:-3])
    with pytest.raises(StorageError, match=f"{file}: damaged; delete .*chunk-.* and run embed again"):
        cache.read(hashes)


def test_fill__folder_cannot_be_made(tmp_path: Path) -> None:
    """A disk that refuses is a StorageError."""
    (tmp_path / "taken").touch()
    with pytest.raises(StorageError, match="cannot write"):
        FeatureCache(tmp_path / "taken" / "cache").fill(["1"], Network(["1"]))

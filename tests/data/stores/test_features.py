"""The feature cache computes each sample once and never reads half a chunk."""

import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import StorageError
from data.stores.features import FeatureCache, Features


class Network:
    """Counts what it computes; the feature of a sample is its number, twice."""

    def __init__(self, hashes: Sequence[str]) -> None:
        self.hashes, self.asked = hashes, 0

    def __call__(self, chosen: Sequence[int]) -> Features:
        """Features of the chosen positions."""
        self.asked += len(chosen)
        return np.array([[int(self.hashes[position])] * 2 for position in chosen], np.float32)


def numbers(*spans: range) -> list[str]:
    """Hashes that are numbers."""
    return [str(number) for span in spans for number in span]


def fill(cache: FeatureCache, hashes: Sequence[str], compute: Callable[[Sequence[int]], Features]) -> int:
    """Fills in chunks of ten; the number of new ones."""
    return cache.fill(hashes, compute, rows=10)


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    """An empty cache."""
    return FeatureCache(tmp_path / "cache")


def test_fill__computes_only_what_is_missing(cache: FeatureCache) -> None:
    """New samples cost new samples, a repeated call costs nothing, and progress ends at the number of new ones."""
    told: list[tuple[int, int]] = []
    first = numbers(range(25))
    assert cache.fill(first, Network(first), lambda *numbers: told.append(numbers), rows=10) == 25
    assert told == [(10, 25), (20, 25), (25, 25)]
    both = numbers(range(30), range(20))
    network = Network(both)
    assert (fill(cache, both, network), network.asked) == (5, 5)
    assert fill(cache, both, network) == 0


def test_read__in_the_order_asked_for(cache: FeatureCache) -> None:
    """Rows follow the hashes, over chunks and repetitions."""
    hashes = numbers(range(25))
    fill(cache, hashes, Network(hashes))
    found = cache.read(["24", "3", "11", "3"])
    assert found.dtype == np.float32
    assert found.tolist() == [[24, 24], [3, 3], [11, 11], [3, 3]]


def test_fill__stopped_and_run_again(cache: FeatureCache) -> None:
    """A fault in the third chunk keeps the first two."""
    hashes = numbers(range(30))

    def failing(chosen: Sequence[int]) -> Features:
        if 20 in chosen:
            raise MemoryError
        return Network(hashes)(chosen)

    with pytest.raises(MemoryError):
        fill(cache, hashes, failing)
    network = Network(hashes)
    assert (fill(cache, hashes, network), network.asked) == (10, 10)
    assert cache.read(hashes)[:, 0].tolist() == list(range(30))


def test_fill__killed_while_it_computes(cache: FeatureCache, helpers: Any) -> None:
    """Kill -9 in the second chunk: the first is whole, no half of another is read, the next run goes on."""
    code = (
        "import os, sys, numpy as np, pathlib, data.stores.features as f\n"
        "def compute(chosen):\n"
        "    if 10 in chosen: os.kill(os.getpid(), 9)\n"
        "    return np.array([[p, p] for p in chosen], np.float32)\n"
        "f.FeatureCache(pathlib.Path(sys.argv[1])).fill([str(n) for n in range(15)], compute, rows=10)\n"
    )
    command = [sys.executable, "-c", code, str(cache.folder)]
    killed = subprocess.run(command, check=False, env=helpers.environment(cache.folder))
    assert killed.returncode == -9
    hashes = numbers(range(15))
    assert fill(cache, hashes, Network(hashes)) == 5
    assert cache.read(hashes)[:, 0].tolist() == list(range(15))


def test_fill__half_a_chunk_is_no_chunk(cache: FeatureCache) -> None:
    """What a process left behind while it wrote is not seen."""
    hashes = numbers(range(4))
    (cache.folder / ".half" / "chunk-1").mkdir(parents=True)
    (cache.folder / ".half" / "chunk-1" / "hashes.npy").write_bytes(b"half")
    assert fill(cache, hashes, Network(hashes)) == 4
    assert cache.read(hashes).shape == (4, 2)


def test_fill__another_process_was_first(cache: FeatureCache) -> None:
    """Two runs that compute the same chunk at once end with one of it."""
    hashes = numbers(range(5))

    def raced(chosen: Sequence[int]) -> Features:
        FeatureCache(cache.folder).fill(hashes, Network(hashes))
        return Network(hashes)(chosen)

    fill(cache, hashes, raced)
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
    fill(cache, hashes, Network(hashes))
    (chunk,) = cache.folder.iterdir()
    (chunk / file).write_bytes((chunk / file).read_bytes()[:-3])
    with pytest.raises(StorageError, match=f"{file}: damaged; delete .*chunk-.* and run embed again"):
        cache.read(hashes)


def test_fill__folder_cannot_be_made(tmp_path: Path) -> None:
    """A disk that refuses is a StorageError."""
    (tmp_path / "taken").touch()
    with pytest.raises(StorageError, match="cannot write"):
        FeatureCache(tmp_path / "taken" / "cache").fill(["1"], Network(["1"]))


@pytest.mark.parametrize("file", ["features.npy", "hashes.npy", "sha256"])
def test_missing__altered_chunk(cache: FeatureCache, file: str, caplog: pytest.LogCaptureFixture) -> None:
    """One byte altered on disk: that chunk alone is dropped with a warning, computed anew and right again."""
    hashes = numbers(range(25))
    fill(cache, hashes, Network(hashes))
    assert cache.missing(hashes) == []
    chunk, _ = cache.known()["14"]
    content = bytearray((chunk / file).read_bytes())
    content[-5] ^= 1
    (chunk / file).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert cache.missing(hashes) == list(range(10, 20))
    assert f"{chunk} was altered or damaged" in caplog.text
    network = Network(hashes)
    assert (fill(cache, hashes, network), network.asked) == (10, 10)
    assert cache.read(hashes)[:, 0].tolist() == list(range(25))


def test_missing__altered_before_this_process_began(cache: FeatureCache, helpers: Any) -> None:
    """A new process knows no stamp and finds the altered byte by its hash, even where the file's time was set back."""
    hashes = numbers(range(4))
    fill(cache, hashes, Network(hashes))
    (chunk,) = cache.folder.iterdir()
    time = (chunk / "features.npy").stat().st_mtime_ns
    content = bytearray((chunk / "features.npy").read_bytes())
    content[-1] ^= 1
    (chunk / "features.npy").write_bytes(content)
    code = "import sys, os, pathlib, data.stores.features as f; p = pathlib.Path(sys.argv[1]); t = int(sys.argv[2])\n"
    code += (
        "[os.utime(c / 'features.npy', ns=(t, t)) for c in p.iterdir()]; print(f.FeatureCache(p).missing(['0', '3']))"
    )
    command = [sys.executable, "-c", code, str(cache.folder), str(time)]
    found = subprocess.run(command, check=True, env=helpers.environment(cache.folder), capture_output=True, text=True)
    assert found.stdout == "[0, 1]\n"


def test_open__reads_across_chunks(cache: FeatureCache) -> None:
    """Positions, slices and repetitions of an opened order, over three chunks."""
    hashes = numbers(range(25))
    fill(cache, hashes, Network(hashes))
    rows = cache.open(["24", "3", "11", "3", "19"])
    assert rows[[4, 0, 1, 0]][:, 0].tolist() == [19, 24, 3, 24]
    assert rows[1:4][:, 0].tolist() == [3, 11, 3]
    assert rows[[]].shape == (0, 2)


def test_open__reads_when_asked(cache: FeatureCache) -> None:
    """Rows are read from the file when they are asked for, not when they are opened."""
    hashes = numbers(range(25))
    fill(cache, hashes, Network(hashes))
    rows = cache.open(hashes)
    chunk, row = cache.known()["14"]
    np.load(chunk / "features.npy", mmap_mode="r+")[row] = 77
    assert rows[[13, 14]].tolist() == [[13, 13], [77, 77]]


def test_open__feature_maps(cache: FeatureCache) -> None:
    """Activations of any number of dimensions come back bit for bit, in one's own order."""
    maps = np.random.default_rng(0).normal(size=(25, 3, 4, 5)).astype(np.float32)
    fill(cache, numbers(range(25)), lambda chosen: maps[list(chosen)])
    assert np.array_equal(cache.open(numbers(range(24, -1, -1)))[:], maps[::-1])

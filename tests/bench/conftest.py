"""What the tests of the benchmarks share: results as a cell leaves them, images as IDX files, a pool of predictions."""

import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.gate.pairs import Pool, load_pool
from bench.gate.pool import Garments, load_garments
from bench.machine import machine_facts
from bench.measure import Cell
from bench.training.growth import CLASSES
from data.stores.manifest import write_table


@pytest.fixture
def write_result(project: Path) -> Callable[..., None]:
    """Writes the result of a cell below the project, as if it had been measured."""

    def write(cell: Cell, value: float) -> None:
        cell.path.parent.mkdir(parents=True, exist_ok=True)
        measured = {"values": {"value": value}, "seconds": 1.0, "peak_mb": 100.0, "together_peak_mb": 200.0}
        cell.path.write_text(json.dumps({**asdict(cell), **measured, "machine": machine_facts()}))

    return write


@pytest.fixture
def write_garments(tmp_path: Path) -> Callable[[int, int], Path]:
    """Writes so many training and test images of 8 x 8 pixels in the form of Fashion-MNIST."""

    def write(train: int, test: int) -> Path:
        random, folder = np.random.default_rng(0), tmp_path / "garments"
        folder.mkdir()
        for prefix, count in (("train", train), ("t10k", test)):
            images = random.integers(20, 230, (count, 8, 8), np.uint8)
            labels = (np.arange(count) % len(CLASSES)).astype(np.uint8)
            for stem, part in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
                header = struct.pack(f">HBB{part.ndim}I", 0, 8, part.ndim, *part.shape)
                (folder / f"{prefix}-{stem}.gz").write_bytes(gzip.compress(header + part.tobytes(), 1))
        return folder

    return write


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """A pool of 8 modules with 20 cells where the simulation looks for it: four good probes, four that guess."""
    random = np.random.default_rng(0)
    truth = random.integers(2, size=160)
    table = pd.DataFrame({"truth": truth, "module": np.arange(160) // 20, "weight": 1.0})
    for probe in range(8):
        signal = (2 * truth - 1) * (1.5 if probe < 4 else 0.0) + random.normal(size=160)
        table[f"probe{probe}"] = 1 / (1 + np.exp(-signal))
    write_table(tmp_path / "pool.parquet", table)
    monkeypatch.setenv("REGRAFT_ROOT", str(tmp_path))
    return load_pool(tmp_path)


@pytest.fixture
def garments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Garments:
    """A pool of 60 probes of ten classes where the simulation looks for it, right on 66% to 95% of 4,000 samples."""
    random = np.random.default_rng(0)
    truth = random.integers(10, size=4_000)
    unit, shared = np.eye(10)[truth], random.normal(size=(4_000, 10))
    signals = [2 * skill * unit + shared + 0.3 * random.normal(size=(4_000, 10)) for skill in np.linspace(1, 2, 60)]
    said = np.stack([np.exp(one) / np.exp(one).sum(axis=1, keepdims=True) for one in signals]).astype(np.float32)
    np.savez(tmp_path / "garments.npz", truth=truth, probabilities=said)
    monkeypatch.setenv("REGRAFT_ROOT", str(tmp_path))
    return load_garments(tmp_path, tmp_path)

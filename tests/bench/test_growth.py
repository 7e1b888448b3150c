"""The growth benchmark: its pool of images, its chains, and what its table says."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from bench.growth import CLASSES, PHASES, chain, measure_chain, prepare, section, write_pool
from bench.report import load_results
from data.errors import SourceError


@pytest.fixture
def garments(tmp_path: Path) -> Path:
    """A small data set in the form of Fashion-MNIST: 90 training and 30 test images."""
    random, folder = np.random.default_rng(0), tmp_path / "garments"
    folder.mkdir()
    for prefix, count in (("train", 90), ("t10k", 30)):
        images = random.integers(20, 230, (count, 8, 8), np.uint8)
        labels = (np.arange(count) % len(CLASSES)).astype(np.uint8)
        for stem, part in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
            header = struct.pack(f">HBB{part.ndim}I", 0, 8, part.ndim, *part.shape)
            (folder / f"{prefix}-{stem}.gz").write_bytes(gzip.compress(header + part.tobytes()))
    return folder


def test_prepare__a_rerun_reads_what_is_new(project, garments):
    """The first run decodes every sample, the second the one percent that came."""
    write_pool(garments, project / "pool")
    first, second = prepare(100, 16, "first"), prepare(100, 16, "rerun")
    assert (first["read"], first["accepted"], first["decoded"]) == (100, 100, 100)
    assert (second["read"], second["accepted"], second["decoded"]) == (1, 101, 1)
    assert first["value"] == pytest.approx(first["ingest"] + first["validate"] + first["preprocess"])


def test_measure_chain__goes_from_the_start_or_not_at_all(write_result, tmp_path):
    """A known chain needs no images any more; one cell less, and it does."""
    cells = chain(1000, 64, 1)
    for cell in cells:
        write_result(cell, 1.0)
    measure_chain(cells, tmp_path / "nowhere")
    cells[3].path.unlink()
    with pytest.raises(SourceError, match="nowhere"):
        measure_chain(cells, tmp_path / "nowhere")


def test_section__exponent_and_share(write_result):
    """Seconds in proportion give an exponent of 1; a re-run is told as a share; what is missing is not run."""
    for samples in (1000, 10000):
        for cell in chain(samples, 64, 1)[::3]:  # prepare, first run and re-run
            write_result(cell, samples / 1000 * (0.02 if "rerun" in cell.name else 1.0))
    text = section(load_results("growth"))
    assert f"| 10,000 | {PHASES['prepare']} | 10 | 1 | 100 | 0.2 | 2.0% |" in text
    assert f"| 60,000 | {PHASES['prepare']} | not run |" in text
    assert "prepare 1, embed not run, linear_probe not run" in text

"""The growth benchmark: its pool of images, its chains, and what its table says."""

import pytest

from bench.report import load_results
from bench.training.growth import PHASES, chain, measure_chain, prepare, section, write_pool
from data.errors import SourceError


def test_prepare__a_rerun_reads_what_is_new(project, write_garments):
    """The first run decodes every sample, the second the one percent that came."""
    write_pool(write_garments(90, 30), project / "pool")
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

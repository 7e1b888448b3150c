"""What the page says of swaps and soaks."""

import numpy as np

from bench.report import NOT_RUN
from bench.serving.swaps import cells, section, slope_of


def test_slope_of__an_hour():
    """Megabytes an hour, with the true slope within; looks that depend on each other make it wider."""
    random = np.random.default_rng(0)
    noise = random.normal(size=600)
    alone, low, high = slope_of(200 + 6 * np.arange(600) / 3600 + noise)
    assert low < 6 < high
    assert low < alone < high
    _, *wide = slope_of(200 + np.convolve(random.normal(size=659), np.ones(60) / 8, "valid"))
    assert wide[0] < 0 < wide[1]
    assert wide[1] - wide[0] > 1.5 * (high - low)


def test_section__rows_of_what_was_run():
    """Answers of both phases are counted together; without results it says so."""
    phase = {"sound": 500.0, "mixed": 0.0, "failed": 1.0, "p50_ms": 20.0, "p99_ms": 81.0}
    swaps = {"value": 81.0, "seconds": 400.0, "during": phase, "still": {**phase, "failed": 0.0, "p99_ms": 40.0}}
    soak = {
        "value": 0.5, "low": -1.0, "high": 2.0, "rate": 44.0, "memory_mb": 301.0, "descriptors_first": 30.0,
        "descriptors_most": 32.0, "descriptors_last": 31.0, "asked": phase,
    }  # fmt: skip
    page = section({"swaps/200x32": {"values": swaps}, "soak/600": {"values": soak}})
    assert "| 200 | 32 | 400 | 1000 | 1 | 0 | 20 | 81 | 40 |" in page
    assert "| 600 | 44 | 1 | 81 | 301 | +0.50 (-1.00 to +2.00) | 30, 32, 31 |" in page
    assert section({}).count(NOT_RUN) == 2


def test_cells__as_long_as_asked():
    """Another number or duration is another cell."""
    assert [one.name for one in cells(3, 4, 60)] == ["swaps/3x4", "soak/60"]
    assert cells()[1].parameters == {"seconds": 600.0, "share": 0.8}

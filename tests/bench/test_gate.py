"""The simulation of the gate: what is drawn is what is claimed, and the tables count it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.gate import SHOWN_LOOKS, cells, looks, null, power, section
from bench.gate_pairs import Pool, draw, load_pool, mixed_pair
from data.stores.manifest import write_table
from evaluation.predictions.metrics import score


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


def test_draw__whole_modules_or_cells(pool: Pool) -> None:
    """Of modules every cell comes, and a module that is drawn twice is two groups; single cells are their own."""
    drawn = draw(pool, np.random.default_rng(1), modules=12, cells=0)
    assert (len(drawn.rows), drawn.groups.max()) == (240, 11)
    assert all(len(set(pool.modules[drawn.rows[drawn.groups == group]])) == 1 for group in range(12))
    drawn = draw(pool, np.random.default_rng(1), modules=0, cells=50)
    assert (len(drawn.rows), len(set(drawn.groups))) == (50, 50)


def test_mixed_pair__share_is_the_true_gain(pool: Pool) -> None:
    """With share 1 the challenger is the better probe; with a half nobody is better over many draws."""
    generator, gains = np.random.default_rng(2), {}
    for share in (0.5, 1.0):
        drawn = draw(pool, generator, modules=0, cells=4000)
        pair = mixed_pair(pool, generator, drawn, better=0, worse=5, share=share)
        champion, challenger = (score(one)["auc"] for one in pair)
        gains[share] = challenger - champion
    assert gains[1.0] > 0.2
    assert abs(gains[0.5]) < 0.03


@pytest.mark.usefixtures("pool")
def test_section__counts_what_the_gate_did() -> None:
    """Every function's result stands in its table, with Wilson's interval; what was not run says so."""
    results = {
        "null/auc/250-cells": {"values": null("auc", 0, 40, 4)},
        "power/10-modules/1": {"values": power(4, 0, 1.0, 3)},
        "looks/spending": {"values": looks(spending=True, sequences=1)},
    }
    assert results["null/auc/250-cells"]["values"]["pairs"] == 4
    assert results["power/10-modules/1"]["values"]["gain"] > 0.2
    assert len(results["looks/spending"]["values"]["promoted"]) == len(SHOWN_LOOKS)
    results["null/auc/250-cells"]["values"] = {"pairs": 1000, "promoted": 25, "rejected": 20}
    text = section(results)
    assert "| auc | 250 cells | 1000 | 2.5% (1.7 to 3.7) | 2.0% (1.3 to 3.1) |" in text
    assert "| accuracy | 5 modules | not run | not run | not run |" in text


def test_cells__one_result_each() -> None:
    """No two cells write the same file."""
    found = cells(1000)
    assert len({cell.path for cell in found}) == len(found) == 17

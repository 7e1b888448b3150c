"""Power is counted at equal false alarms, and the tables hold what was found."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.monitoring import power, shifted
from bench.monitoring.power import CHECKS, cells, found, section
from bench.monitoring.shifted import populations
from bench.monitoring.size import _rows, size_cells
from bench.report import load_results


@pytest.fixture
def small(answered, monkeypatch):
    """References of 100, few windows, and cells of another kind."""
    other = answered["other"]
    far = replace(other, embeddings=other.embeddings + 3)
    pool = answered | {"polycrystalline": far}
    monkeypatch.setattr(shifted, "load_answers", lambda *_: pool)
    monkeypatch.setitem(power.REFERENCE, "elpv", 100)
    monkeypatch.setattr(power, "REFERENCES", 3)
    monkeypatch.setattr(power, "COMPONENTS", 4)
    return pool


def test_populations__shifts(small, tmp_path):
    """Parts of another kind, every corruption with its severity."""
    (population,) = populations(tmp_path, "elpv", tmp_path)
    names = [shift.name for shift in population.shifts]
    assert names[0] == "polycrystalline 5%"
    assert [name for name in names if "poly" not in name] == ["blur 1", "noise 1", "noise 2"]
    assert {shift.share for shift in population.shifts[5:]} == {1.0}


def test_populations__classes(answered, tmp_path, monkeypatch):
    """A class that comes oftener, one that is missing, and one that the probe has never seen."""
    monkeypatch.setattr(shifted, "UNKNOWN", 1)
    few = {name: part.take(np.arange(240)) for name, part in answered.items()}
    three = {name: replace(part, truth=np.arange(240) % 3) for name, part in few.items()}
    monkeypatch.setattr(shifted, "load_answers", lambda *_: three)
    known, new = populations(tmp_path, "fashion", tmp_path)
    oftener, missing = known.shifts[-2:]
    assert (oftener.weights[known.quiet.truth == 0] == 3).all()
    assert missing.weights[known.quiet.truth == 0].sum() == 0
    assert 1 not in new.quiet.truth
    assert {*new.shifts[0].samples.truth} == {1}
    assert new.quiet.probabilities.shape[1] == 2


def test_found__at_equal_false_alarms(small):
    """All of another kind is found by every check, 5% of it by hardly any; Evidently is asked of 200 rows alone."""
    shares = found("", "elpv", 60)["found"]
    all_of_it, few = shares["polycrystalline 100%"], shares["polycrystalline 5%"]
    assert set(all_of_it) == set(CHECKS)
    assert (all_of_it["regraft"], all_of_it["mmd"], all_of_it["evidently"]) == (1, 1, None)
    assert few["regraft"] < 0.5


@pytest.mark.usefixtures("project")
def test_section__tables():
    """Shares by shift, means by size, and what was not run."""
    one, *_ = cells("")
    values = {
        "found": {"blur 1": dict.fromkeys(CHECKS, 0.25), "blur 2": dict.fromkeys(CHECKS, 0.75) | {"evidently": None}}
    }
    for size in ("100", "200"):
        path = one.path.with_name(f"{size}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"values": values}))
    speed = {"values": {"seconds": 2.5, "more_mb": 300.0}, "peak_mb": 800.0}
    side = size_cells()[0].path
    side.parent.mkdir(parents=True, exist_ok=True)
    side.write_text(json.dumps(speed))
    text = section(load_results("power"))
    assert "| blur 2 | 75% | 75% | 75% | 75% | not run |" in text
    assert "| 200 | 50% | 50% | 50% | 50% | 25% |" in text
    assert "| Regraft, both signals | 2.5 | 800 | 300 |" in text
    assert "| Evidently's embedding drift | not run |" in text
    assert "| not run | not run |" in text


def test_size__rows():
    """As many and as long as they are said to be."""
    rows = _rows(0)
    assert (len(rows), len(rows["embedding"][0]), rows["group"].is_unique) == (10_000, 1280, True)

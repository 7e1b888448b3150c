"""Alarms in quiet windows are counted by method, and the table says what each could judge."""

import json

import numpy as np
import pytest

from bench.monitoring import quiet, rates
from bench.monitoring.pool import Answered
from bench.monitoring.rates import alarms, cells, section
from bench.report import load_results


@pytest.fixture
def small(answered, monkeypatch):
    """A pool of two persons for each ten samples of a data set, references of 100."""
    pool = answered | {
        "polycrystalline": Answered(*(np.concatenate([one, one[::-1]]) for one in vars(answered["test"]).values()))
    }
    monkeypatch.setattr(quiet, "load_answers", lambda *_: pool)
    monkeypatch.setattr(quiet, "REFERENCE", 120)
    monkeypatch.setattr(rates, "SIZES", (40,))
    monkeypatch.setattr(rates, "SESSIONS", {1: "one by one", 20: "in sessions of 20"})


@pytest.mark.usefixtures("small")
def test_alarms__by_method():
    """Five windows of each reference by all but Evidently; two sessions cannot be judged by ours."""
    found = alarms("", "elpv", "rows", 10)
    assert [*found] == ["1/40", "20/40"]
    alone, together = found.values()
    assert (alone["windows"], alone["regraft_windows"], alone["evidently_windows"]) == (10, 10, 5)
    assert alone.get("regraft", 0) <= 3
    assert "regraft_windows" not in together


@pytest.mark.usefixtures("project")
def test_section__shares_and_what_was_not_run(project):
    """Shares with their intervals; what could not be judged, and what was not run."""
    cell = next(cells("", 500))
    counts = {
        "windows": 500,
        "regraft_windows": 500,
        "regraft": 5,
        "mmd": 400,
        "evidently_windows": 100,
        "evidently": 99,
    }
    values = {f"{session}/{size}": counts for session in rates.SESSIONS for size in rates.SIZES}
    values["200/100"] = {"windows": 500, "mmd": 500, "evidently_windows": 100}
    cell.path.parent.mkdir(parents=True)
    cell.path.write_text(json.dumps({"values": values}))
    text = section(load_results("rates"))
    assert "| one by one | 200 | 1.0% (0.3% to 2.3%) | 0.0% (0.0% to 0.7%) | 80.0% (76.2% to 83.4%) | 99.0%" in text
    assert "| in sessions of 200 | 100 | cannot judge | " in text
    assert "| in sessions of 50 | 500 | not run | not run | not run | not run |" in text
    assert "Each share is of 500 windows" in text
    assert len([*cells("", 500)]) == 6

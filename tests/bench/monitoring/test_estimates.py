"""The bench of the estimates: its cells run on a small pool, and the tables say what was found."""

import numpy as np
import pytest

from bench.monitoring import estimates
from bench.monitoring import streams as estimates_streams
from bench.monitoring.estimates import LOSSES, STREAMS, cells, section, shifts
from bench.monitoring.pool import Answered
from bench.monitoring.streams import watched


def test_load_answers__as_stored(answered):
    """Every part with its answers."""
    assert [*answered] == ["known", "test", "noise 1", "noise 2", "blur 1", "other"]
    part = answered["test"]
    assert part.right.mean() == (part.probabilities.argmax(1) == part.truth).mean()
    assert len(part.take(np.arange(7)).groups) == 7


def test_shifts__of_the_other_half(answered):
    """Truth and every estimate of each shift of the half that nothing was tried on; no NannyML, no CBPE."""
    found = {row["shift"]: row for row in shifts("", "elpv", 100, None)["shifts"]}
    assert [*found] == ["test", "noise 1", "noise 2", "blur 1", "other"]
    assert found["test"]["truth"] == found["test"]["expected"] == found["noise 1"]["none"][0]
    assert found["other"]["truth"] == answered["other"].right.mean()
    for row in found.values():
        assert row["cbpe"] is None
        assert row["unseen"][1] < row["unseen"][0] < row["unseen"][2]
        assert 0.5 < row["mean"][0] < 1


@pytest.mark.parametrize("stream", STREAMS)
def test_watched__claims(answered, monkeypatch, stream):
    """Harm that is large is claimed, none where nothing is lost."""
    monkeypatch.setattr(estimates_streams, "OWN", 10)
    quiet, lost = (watched("", stream, loss, 2) for loss in ("quiet", "20 points"))
    assert quiet == {"runs": 2, "claimed": 0, "after": None}
    assert lost["claimed"] <= 2
    if stream == "images":
        assert lost["claimed"] == 2
        assert 0 < lost["after"] < 2_000


def test_harmed__loses_as_much():
    """From its place on so much of accuracy or AUC is lost, and nothing before."""
    random = np.random.default_rng(0)
    truth = random.integers(2, size=20_000)
    score = np.clip(0.5 + (2 * truth - 1) * 0.2 + random.normal(size=20_000) * 0.2, 0.01, 0.99)
    part = Answered(np.stack([1 - score, score], 1), np.zeros((20_000, 1)), truth, np.arange(20_000))
    found = estimates_streams._harmed(part, "accuracy", 10_000, 0.1, random)
    assert (found.right[:10_000] == part.right[:10_000]).all()
    assert abs(part.right[10_000:].mean() - found.right[10_000:].mean() - 0.1) < 0.01
    found = estimates_streams._harmed(part, "auc", 0, 0.1, random)
    assert abs(estimates_streams._area(part) - estimates_streams._area(found) - 0.1) < 0.01


def test_section__tables():
    """Error and coverage of trusted windows and of all; harm by loss; claims and their delay."""
    row = {
        "shift": "noise 1", "truth": 0.6, "expected": 0.8, "unseen": [0.62, 0.5, 0.7, True],
        "drawn": [0.9, 0.8, 1.0, False], "mean": [0.7, np.nan, np.nan, True], "none": [0.8, np.nan, np.nan, True],
        "cbpe": None,
    }  # fmt: skip
    small = row | {"truth": 0.79, "unseen": [0.75, 0.7, 0.795, True], "drawn": [0.78, 0.7, 0.9, True]}
    machine = {"values": {"shifts": [row, small]}}
    stream = {"values": {"runs": 200, "claimed": 10, "after": 150.0}}
    text = section({"elpv/500": machine, "stream/images/20-points": stream})
    assert "| ELPV | 500 | Regraft, tried on other corruptions | 3.0 (3.0) | 100% (100%) | 100% |" in text
    assert "| ELPV | 500 | Regraft, tried on drawn shifts | 1.0 (15.5) | 100% (50%) | 50% |" in text
    assert "| ELPV | 500 | mean confidence | 9.5 | - | - |" in text
    assert "| ELPV | 500 | NannyML CBPE | not run | not run | not run |" in text
    assert "| small | 1 | 0 | 1 | 0 | 0 |" in text
    assert "| above 15 points | 1 | 0 | 0 | 1 | 0 |" in text
    assert "| images | not run | not run | not run | not run | 5.0%, after 150 labels |" in text


def test_cells__all():
    """Each data set and window, each stream and loss; fewer runs where rates are large."""
    found = {cell.name: cell for cell in cells("images", None, 100)}
    assert len(found) == len(estimates.DATA) * 2 + len(STREAMS) * len(LOSSES)
    assert found["stream/images/quiet"].parameters["runs"] == 100
    assert found["stream/modules/5-points"].parameters["runs"] == 20
    assert found["digits/200"].function == "bench.monitoring.estimates:shifts"

"""The benchmark of the refit: what a draw holds, what is measured of it, and its table."""

import numpy as np
import pytest

from bench.training.refit import SAMPLES, SIZES, draw, measure, section, small_set


@pytest.fixture
def digits(project):
    """All digits, at a size that is decoded quickly."""
    return small_set(project, "digits", project)


def test_draw__nothing_on_two_sides(digits, project):
    """A quarter is held out; what is judged lies outside of all draws of that number, and another draw is another."""
    first, second = (draw(digits, project / f"draw{number}", 100, number) for number in (0, 1))
    rows = first.manifest
    counts = rows["split"].value_counts()
    assert (counts["train"] + counts["val"], counts["test"]) == (100, len(digits.manifest) // 2 + 1)
    assert 23 <= counts["val"] <= 27
    assert rows["hash"].is_unique
    assert set(rows["hash"]) != set(second.manifest["hash"])
    assert np.array_equal(
        first.samples(rows[:2]), digits.samples(digits.manifest.set_index("hash").loc[rows["hash"][:2]])
    )


def test_draw__whole_modules_of_elpv(project, monkeypatch):
    """Modules that samples are drawn from are not among those that are judged."""
    monkeypatch.setitem(SIZES, "elpv", 16)
    rows = draw(small_set(project, "elpv", project), project / "draw", 200, 3).manifest
    judged = rows["split"] == "test"
    assert judged.sum() > 1000
    assert not set(rows["group"][judged]) & set(rows["group"][~judged])


def test_measure__refit_and_none(tracked, monkeypatch):
    """Every draw has the figures of each arm; accuracy does not depend on the temperature."""
    monkeypatch.setitem(SIZES, "digits", 32)
    found = measure("digits", 60, 1, "prototype", "")
    assert set(found) == {"none", "refit", "uncrossed"}
    assert found["refit"][0][0] == found["uncrossed"][0][0] != found["none"][0][0] > 0.2


def test_section__paired_changes():
    """Means, and the change with its interval; what was not measured says so."""
    values = {
        "none": [[0.6, 1.0, 0.1], [0.8, 0.8, 0.1]],
        "refit": [[0.7, 0.9, 0.1], [0.9, 0.7, 0.1]],
        "uncrossed": [[0.7, 1.0, 0.1], [0.9, 0.8, 0.1]],
    }
    text = section({"digits/linear_probe/300": {"values": values}})
    shown = "| 0.7000 | +0.1000 ± 0.0000 | 0.9000 | -0.1000 ± 0.0000 | +0.0000 ± 0.0000 | 0.1000 | +0.0000 ± 0.0000 |"
    assert f"| digits | linear_probe | 300 | 2 {shown}" in text
    assert sum("not run" in line for line in text.splitlines()) == 2 * sum(map(len, SAMPLES.values())) - 1

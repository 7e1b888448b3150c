"""ELPV as its package ships it."""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from data.errors import SourceError
from data.sources import ElpvSource
from data.sources.elpv import elpv_folder
from data.specs.decoding import image_facts

SAMPLES = list(ElpvSource(kind="elpv").samples(Path(), "defect"))


def test_samples__counts_of_the_paper() -> None:
    """2,624 cells, 1,074 of them monocrystalline; 1,508 are functional for sure (Deitsch et al., table 1)."""
    assert len(SAMPLES) == 2624
    assert Counter(sample.slices["type"] for sample in SAMPLES) == {"mono": 1074, "poly": 1550}
    assert Counter(sample.slices["probability"] for sample in SAMPLES) == {
        "0.00": 1508, "0.33": 295, "0.67": 106, "1.00": 715,
    }  # fmt: skip


def test_samples__label_and_weight_follow_the_probability() -> None:
    """Any doubt is a defect, weighted by its probability; a functional cell counts fully."""
    pairs = {(sample.slices["probability"], sample.labels["defect"], round(sample.weight, 2)) for sample in SAMPLES}
    assert pairs == {
        ("0.00", "functional", 1.0),
        ("0.33", "defective", 0.33),
        ("0.67", "defective", 0.67),
        ("1.00", "defective", 1.0),
    }


def test_samples__pseudo_modules() -> None:
    """Modules hold at most 60 cells of one type, and those lie in a row."""
    types, rows = defaultdict(set), defaultdict(list)
    for row, sample in enumerate(SAMPLES):
        types[sample.group].add(sample.slices["type"])
        rows[sample.group].append(row)
    assert len(types) == 45
    assert all(len(found) == 1 for found in types.values())
    assert all(places == list(range(places[0], places[0] + len(places))) for places in rows.values())
    assert max(map(len, rows.values())) == 60


def test_samples__only_the_wanted_type() -> None:
    """The demo begins with monocrystalline cells."""
    mono = list(ElpvSource(kind="elpv", types=("mono",)).samples(Path(), "defect"))
    assert mono == [sample for sample in SAMPLES if sample.slices["type"] == "mono"]


def test_read__a_cell() -> None:
    """A cell is a grey image of 300 x 300 pixels with a stamp."""
    source = ElpvSource(kind="elpv")
    facts = image_facts(source.read(Path(), SAMPLES[0].path))
    assert (facts.error, facts.width, facts.height, facts.mode) == (None, 300, 300, "L")
    assert source.stamp(Path(), SAMPLES[0].path)


def test_samples__without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package one line tells how to get it."""
    elpv_folder.cache_clear()
    monkeypatch.setitem(sys.modules, "elpv_dataset", None)
    with pytest.raises(SourceError, match=r"elpv-dataset is not installed; run `make \.venv`"):
        elpv_folder()

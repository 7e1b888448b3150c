"""What the demo plants is what it says."""

from collections import Counter

import numpy as np
import pytest

from data.sources import TableSource
from data.specs.decoding import image_facts
from data.stores.manifest import LABEL, read_table
from flows.demo.data import plant_bad_files, shuffle_labels, write_poly_labels

pytest.importorskip("elpv_dataset")


def test_plant_bad_files__three_kinds(tmp_path):
    """Two files that are no whole image, and a whole one with a label that nobody knows."""
    source = TableSource(kind="table", path=str(plant_bad_files(tmp_path / "planted")))
    samples = list(source.samples(tmp_path, "state"))
    assert [sample.labels["state"] for sample in samples] == ["defective", "functional", "scorched"]
    errors = [image_facts(source.read(tmp_path, sample.path)).error for sample in samples]
    assert errors[0]
    assert errors[1]
    assert errors[2] is None


def test_write_poly_labels__every_cell(tmp_path):
    """All polycrystalline cells with label, weight, module and slices, and each file is there."""
    write_poly_labels(tmp_path / "poly.csv")
    source = TableSource(kind="table", path=str(tmp_path / "poly.csv"))
    samples = list(source.samples(tmp_path, "state"))
    assert len(samples) == 2624 - 1074
    assert {sample.slices["type"] for sample in samples} == {"poly"}
    sure = [sample for sample in samples if sample.slices["probability"] in {"0.00", "1.00"}]
    assert {sample.weight for sample in sure} == {1.0}
    assert all(sample.labels["state"] == "functional" for sample in samples if sample.slices["probability"] == "0.00")
    assert image_facts(source.read(tmp_path, samples[-1].path)).error is None
    assert len({sample.group for sample in samples}) > 10


def test_shuffle_labels__all_but_the_test_split(plan, own_workshop, tmp_path):
    """As many of each label as before, in another order; the test split and the original stay as they are."""
    original = (own_workshop.dataset.folder / "manifest.parquet").read_bytes()
    found = shuffle_labels(plan, tmp_path / "shuffled").prepared
    before, after = (read_table(folder / "manifest.parquet") for folder in (own_workshop.dataset.folder, found.folder))
    label, tested = f"{LABEL}label", (before["split"] == "test").to_numpy()
    assert Counter(before[label]) == Counter(after[label])
    assert (before[label] == after[label])[tested].all()
    assert 0.2 < (before[label] == after[label])[~tested].mean() < 0.8
    assert before.drop(columns=label).equals(after.drop(columns=label))
    assert (own_workshop.dataset.folder / "manifest.parquet").read_bytes() == original
    assert np.array_equal(
        np.load(found.folder / "shard-00000.npy"), np.load(own_workshop.dataset.folder / "shard-00000.npy")
    )
    assert found.version != plan.prepared.version
    assert shuffle_labels(plan, tmp_path / "shuffled").prepared == found

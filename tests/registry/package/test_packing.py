"""From a fit to a package: the reference is of the right samples."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from data.errors import StorageError
from data.stores.dataset import Dataset
from data.stores.manifest import read_table, write_table
from data.targets.classification import ClassificationTask
from evaluation.inference.calibration import fit_temperature, tempered
from lightning_modules.hub.backbones import load_pretrained
from registry.errors import PackageError
from registry.package.golden import NAME
from registry.package.package import FILES, load_package
from registry.package.packing import golden_batch, pack_fit, seal
from registry.package.restoring import restore_network
from tests.conftest import raw_samples

BACKBONE = "tf_efficientnet_lite0.imagenet"


def test_pack_fit__reference(workshop, project):
    """One row a training or validation sample in the manifest's order; the package says the same of its pixels."""
    package, rows = load_package(workshop.package), workshop.dataset.rows("train", "val")
    reference = package.reference
    assert list(reference["hash"]) == list(rows["hash"])
    assert list(reference["group"]) == list(rows["group"])
    assert list(reference["split"]) == list(rows["split"])
    assert list(reference["truth"]) == list(rows["label.label"])
    images = workshop.dataset.samples(rows)
    assert np.allclose(reference["brightness"], [image.mean() for image in images])
    assert (reference[["width", "height"]].to_numpy() == rows[["width", "height"]].to_numpy()).all()
    assert set(reference["channels"]) == {1.0}
    answers, embeddings = package.predict(images)
    assert np.allclose(np.stack(reference["probabilities"]), answers["label"], atol=1e-3)
    assert np.allclose(np.stack(reference["embedding"]), embeddings, atol=5e-3)


def test_pack_fit__validation_samples_as_served(workshop):
    """With traffic they are compared by rank: to the last digit they are what the package says, not what torch said."""
    package, rows = load_package(workshop.package), workshop.dataset.rows("val")
    reference = package.reference[package.reference["split"] == "val"]
    answers, embeddings = package.predict(workshop.dataset.samples(rows))
    assert np.array_equal(np.stack(reference["probabilities"]), answers["label"])
    assert np.array_equal(np.stack(reference["embedding"]), embeddings.astype(np.float16).astype(np.float32))


def test_pack_fit__heads_that_had_not_seen_the_sample(own_workshop):
    """After a refit the head has learned from validation samples: their answers are those of other heads."""
    path = own_workshop.fit / "outputs.npz"
    with np.load(path) as outputs:
        content = dict(outputs)
    content["answer.label"] = content["answer.label"][:, ::-1]
    np.savez(path, **(content | {"held_out": True}))
    package = pack_fit(
        own_workshop.fit,
        own_workshop.dataset,
        load_pretrained(own_workshop.root, BACKBONE),
        raw_samples(own_workshop.dataset),
    )
    wanted = tempered(content["answer.label"].astype(np.float64), package.temperatures["label"])
    assert np.allclose(np.stack(package.reference["probabilities"]), wanted, atol=1e-6)


def test_pack_fit__of_another_data_set(own_workshop):
    """The outputs of a fit on other samples are refused."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    write_table(path, read_table(path).iloc[1:])
    fresh = Dataset(own_workshop.dataset.folder, {"label": ClassificationTask(classes=own_workshop.dataset.classes)})
    with pytest.raises(StorageError, match="outputs.npz is of another dataset version.*train again"):
        pack_fit(own_workshop.fit, fresh, load_pretrained(own_workshop.root, BACKBONE))


@pytest.fixture
def hot(own_workshop):
    """A workshop whose fit left twice wrong probabilities on validation, so that a temperature above 1 fits."""
    path, rows = own_workshop.fit / "outputs.npz", own_workshop.dataset.rows("train", "val")
    with np.load(path) as outputs:
        content = dict(outputs)
    wrong = np.flatnonzero(rows["split"] == "val")[:6]
    content["answer.label"][wrong] = content["answer.label"][wrong][:, ::-1]
    np.savez(path, **content)
    return own_workshop, content["answer.label"]


def test_pack_fit__temperature(hot):
    """The temperature of the validation split alone is in the graph, the weights, the reference and the checks."""
    workshop, probabilities = hot
    (workshop.package / ".model.onnx.tmp").write_text("what a killed process left")
    rows = workshop.dataset.rows("train", "val")
    held = (rows["split"] == "val").to_numpy()
    weights = rows["weight"].to_numpy(np.float64)[held]
    wanted = fit_temperature(probabilities[held].astype(np.float64), workshop.dataset.labels(rows)[held], weights)
    package = pack_fit(
        workshop.fit, workshop.dataset, load_pretrained(workshop.root, BACKBONE), raw_samples(workshop.dataset)
    )
    assert sorted(path.name for path in package.folder.iterdir()) == sorted([*FILES, NAME, "manifest.json"])
    assert package.temperatures["label"] == pytest.approx(wanted) != pytest.approx(1.0)
    said = np.stack(package.reference["probabilities"])
    assert np.allclose(said[~held], tempered(probabilities[~held], wanted), atol=1e-6)
    assert np.array_equal(said[held], package.decisive(workshop.dataset.samples(rows[held])))
    network, images = restore_network(workshop.root, package), workshop.dataset.samples(rows)[:4]
    assert network.head("label").temperature == pytest.approx(wanted)
    with torch.inference_mode():
        given = torch.softmax(network.logits(torch.from_numpy(images)), 1).numpy()
    assert np.allclose(package.decisive(images), tempered(given, wanted), atol=1e-5)


def test_pack_fit__says_what_was_proved(workshop):
    """The package's checks tell how far apart the three paths are, on which of the eight golden samples."""
    checks = json.loads((workshop.package / "checks.json").read_text())
    golden = golden_batch(workshop.dataset).hashes
    assert checks["parity"]["samples"] == {"ONNX package": 8, "serving path": 4}[checks["parity"]["path"]]
    assert checks["parity"]["sample"] in set(golden)


def test_golden_batch__of_every_class(make_dataset, tmp_path):
    """Where the first validation samples are all of one class, the others are there too, the first ones of each."""
    dataset = make_dataset(tmp_path / "data")
    path, val = tmp_path / "data" / "manifest.parquet", dataset.rows("val")
    write_table(path, pd.concat([val, val[:3]]).sort_values("label.label", kind="stable", ascending=False))
    fresh = Dataset(tmp_path / "data", {"label": ClassificationTask(classes=dataset.classes)})
    found, rows = golden_batch(fresh).hashes, fresh.rows("val")
    assert len(found) == 8
    for _, part in rows.groupby("label.label"):
        assert [digest for digest in found if digest in set(part["hash"])] == list(part["hash"][:4])


def test_golden_batch__more_classes_than_eight(make_dataset, tmp_path):
    """Each of twelve classes has a sample."""
    classes = tuple(f"class {number}" for number in range(12))
    dataset = make_dataset(tmp_path / "data", count=5, classes=classes)
    found, rows = golden_batch(dataset).hashes, dataset.rows("val").set_index("hash")
    assert sorted(rows.loc[list(found), "label.label"]) == sorted(classes)


def test_golden_batch__files_that_are_gone(make_dataset, tmp_path):
    """The next samples whose files are there stand in, as arrays, too; where none is there nothing is packed."""
    dataset = make_dataset(tmp_path / "data")
    there = list(dataset.rows("val")["hash"])[-2:]
    golden = golden_batch(dataset, lambda hashes, most: {one: b"x" for one in hashes if one in there})
    assert sorted(golden.raw) == sorted(there)
    assert len(golden.hashes) == 10
    with pytest.raises(PackageError, match="none of 32 validation samples is in its source any more"):
        golden_batch(dataset, lambda hashes, most: {})


def test_seal__changed_meanwhile(own_workshop):
    """What was verified before and is another file now gets no seal."""
    package = load_package(own_workshop.package)
    before = (own_workshop.package / "manifest.json").read_bytes()
    (own_workshop.package / "model.onnx").write_bytes(b"another")
    with pytest.raises(PackageError, match=r"model\.onnx was changed while it was described"):
        seal(own_workshop.package, package.digests)
    assert (own_workshop.package / "manifest.json").read_bytes() == before

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
from registry.package.package import FILES, load_package
from registry.package.packing import golden_rows, pack_fit
from registry.package.restoring import restore_network

BACKBONE = "tf_efficientnet_lite0.imagenet"


def test_pack_fit__reference(workshop, project):
    """One row a training or validation sample in the manifest's order; the package says the same of its pixels."""
    package, rows = load_package(workshop.package), workshop.dataset.rows("train", "val")
    reference = package.reference
    assert list(reference["hash"]) == list(rows["hash"])
    assert list(reference["group"]) == list(rows["group"])
    assert list(reference["split"]) == list(rows["split"])
    images = workshop.dataset.images(rows)
    assert np.allclose(reference["brightness"], [image.mean() for image in images])
    probabilities, embeddings = package.predict(images)
    assert np.allclose(np.stack(reference["probabilities"]), probabilities, atol=1e-3)
    assert np.allclose(np.stack(reference["embedding"]), embeddings, atol=5e-3)


def test_pack_fit__of_another_data_set(own_workshop):
    """The outputs of a fit on other samples are refused."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    write_table(path, read_table(path).iloc[1:])
    fresh = Dataset(own_workshop.dataset.folder, {"label": ClassificationTask(classes=own_workshop.dataset.classes)})
    with pytest.raises(StorageError, match="outputs.npz is of another dataset version.*train again"):
        pack_fit(own_workshop.root, own_workshop.fit, fresh, BACKBONE)


@pytest.fixture
def hot(own_workshop):
    """A workshop whose fit left twice wrong probabilities on validation, so that a temperature above 1 fits."""
    path, rows = own_workshop.fit / "outputs.npz", own_workshop.dataset.rows("train", "val")
    with np.load(path) as outputs:
        content = dict(outputs)
    wrong = np.flatnonzero(rows["split"] == "val")[:6]
    content["probabilities"][wrong] = content["probabilities"][wrong][:, ::-1]
    np.savez(path, **content)
    return own_workshop, content["probabilities"]


def test_pack_fit__temperature(hot):
    """The temperature of the validation split alone is in the graph, the weights, the reference and the checks."""
    workshop, probabilities = hot
    (workshop.package / ".model.onnx.tmp").write_text("what a killed process left")
    rows = workshop.dataset.rows("train", "val")
    held = (rows["split"] == "val").to_numpy()
    weights = rows["weight"].to_numpy(np.float64)[held]
    wanted = fit_temperature(probabilities[held].astype(np.float64), workshop.dataset.labels(rows)[held], weights)
    package = pack_fit(workshop.root, workshop.fit, workshop.dataset, BACKBONE)
    assert sorted(path.name for path in package.folder.iterdir()) == sorted([*FILES, "manifest.json"])
    assert package.temperature == pytest.approx(wanted) != pytest.approx(1.0)
    assert np.allclose(np.stack(package.reference["probabilities"]), tempered(probabilities, wanted), atol=1e-6)
    network, images = restore_network(workshop.root, package), workshop.dataset.images(rows)[:4]
    assert network.temperature == pytest.approx(wanted)
    with torch.inference_mode():
        given = torch.softmax(network.logits(torch.from_numpy(images)), 1).numpy()
    assert np.allclose(package.predict(images)[0], tempered(given, wanted), atol=1e-5)


def test_pack_fit__says_what_was_proved(workshop):
    """The package's checks tell how far apart the three paths are, on which of the eight golden samples."""
    checks = json.loads((workshop.package / "checks.json").read_text())
    golden = golden_rows(workshop.dataset)["hash"]
    assert checks["parity"]["samples"] == 8
    assert checks["parity"]["sample"] in set(golden)
    assert checks["parity"]["path"] in {"ONNX package", "serving path"}


def test_golden_rows__of_every_class(make_dataset, tmp_path):
    """Where the first validation samples are all of one class, the others are there too, the first ones of each."""
    dataset = make_dataset(tmp_path / "data")
    path, val = tmp_path / "data" / "manifest.parquet", dataset.rows("val")
    write_table(path, pd.concat([val, val[:3]]).sort_values("label.label", kind="stable", ascending=False))
    fresh = Dataset(tmp_path / "data", {"label": ClassificationTask(classes=dataset.classes)})
    found = golden_rows(fresh)
    assert len(found) == 8
    assert list(found["label.label"].value_counts()) == [4, 4]
    for name, part in found.groupby("label.label"):
        rows = fresh.rows("val")
        assert list(part["hash"]) == list(rows[rows["label.label"] == name]["hash"][:4])


def test_golden_rows__more_classes_than_eight(make_dataset, tmp_path):
    """Each of twelve classes has a sample."""
    classes = tuple(f"class {number}" for number in range(12))
    found = golden_rows(make_dataset(tmp_path / "data", count=5, classes=classes))
    assert sorted(found["label.label"]) == sorted(classes)

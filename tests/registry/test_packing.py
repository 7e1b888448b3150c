"""From a fit to a package: the reference is of the right samples."""

import json

import numpy as np
import pytest
import torch

from data.dataset import Dataset
from data.errors import StorageError
from data.manifest import read_table, write_table
from evaluation.calibration import fit_temperature, tempered
from registry.package import FILES, load_package
from registry.packing import pack_fit
from registry.restoring import restore_network

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
    fresh = Dataset(own_workshop.dataset.folder, "label", own_workshop.dataset.classes)
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
    golden = workshop.dataset.rows("val").head(8)["hash"]
    assert checks["parity"]["samples"] == 8
    assert checks["parity"]["sample"] in set(golden)
    assert checks["parity"]["path"] in {"ONNX package", "serving path"}

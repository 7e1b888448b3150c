"""From a fit to a package: the reference is of the right samples."""

import numpy as np
import pytest

from data.dataset import Dataset
from data.errors import StorageError
from data.manifest import read_table, write_table
from registry.package import load_package
from registry.packing import pack_fit

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

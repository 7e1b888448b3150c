"""A dataset version as training and evaluation read it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.config import load_data_config
from data.errors import StorageError
from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder
from data.targets.classification import ClassificationTask


@pytest.fixture
def dataset(project: Path, helpers: Any) -> Dataset:
    """Twelve images of two classes, with a slice."""
    helpers.folder_domain(project, 12)
    helpers.write_domain(project, source={"kind": "table", "path": "list.csv"})
    rows = [f"photos/{label}/{number:04d}.png,{label},{number % 2}" for label in "ab" for number in range(12)]
    (project / "list.csv").write_text("\n".join(["path,label,camera", *rows]))
    assert helpers.prepare(project) == 24
    return Dataset(processed_folder(project, "photos"), {"kind": ClassificationTask(classes=("a", "b"))})


def test_rows__by_split(dataset: Dataset) -> None:
    """Every row is in one split, and several splits may be read at once."""
    counts = [len(dataset.rows(split)) for split in ("train", "val", "test")]
    assert sum(counts) == len(dataset.manifest) == 24
    assert min(counts) > 2
    assert len(dataset.rows("train", "val")) == counts[0] + counts[1]


def test_resplit__of_training_and_validation(dataset: Dataset) -> None:
    """Marked samples train, the others validate, in the same order; the test split and the data stay what they were."""
    rows = dataset.rows("train", "val")
    marked = np.arange(len(rows)) % 3 == 0
    found = dataset.resplit(marked)
    assert list(found.rows("train")["hash"]) == list(rows["hash"][marked])
    assert list(found.rows("val")["hash"]) == list(rows["hash"][~marked])
    assert list(found.rows("train", "val")["hash"]) == list(rows["hash"])
    assert found.test_set == dataset.test_set
    assert dataset.rows("train", "val").equals(rows)


def test_samples__of_their_rows(dataset: Dataset, project: Path) -> None:
    """Pixels, labels and slices follow the rows, in whatever order they are."""
    spec = load_data_config(project, "photos").transform
    rows = dataset.rows("test", "train").sample(frac=1, random_state=0)
    images = dataset.samples(rows)
    assert dataset.spec == spec
    assert images.shape == (len(rows), 16, 16, 1)
    expected = {spec.decode(file.read_bytes()).tobytes(): file.parent.name for file in project.glob("photos/*/*.png")}
    assert ["ab"[label] for label in dataset.labels(rows)] == [expected[image.tobytes()] for image in images]
    assert dataset.labels(rows).dtype == np.int64
    assert dataset.slices(rows).columns.tolist() == ["camera"]
    assert set(dataset.slices(rows)["camera"]) == {"0", "1"}


def test_manifest__missing(tmp_path: Path) -> None:
    """A folder without data is one clear error."""
    with pytest.raises(StorageError, match="missing or damaged"):
        _ = Dataset(tmp_path, {"kind": ClassificationTask(classes=("a", "b"))}).manifest

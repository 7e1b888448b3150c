"""The solar cells that both sides of a comparison read: as a folder of PNG files and as Regraft's processed data."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from data.sources.elpv import elpv_folder, elpv_table
from data.specs.image import ImageSpec
from data.specs.spec import Array
from data.stores.dataset import Dataset
from data.stores.manifest import LABEL, write_table
from data.stores.shards import append_rows
from data.targets.classification import ClassificationTask

CLASSES = ("defective", "functional")
VALIDATION_SHARE = 8  # one validation image for this many training images


def write_image_folder(folder: Path, count: int) -> Path:
    """Writes `folder/train/CLASS/*.png`, `count` images as the package holds them; returns `folder`."""
    for path, label in _chosen()[:count]:
        target = folder / "train" / label
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


def write_processed(folder: Path, count: int, size: int) -> Dataset:
    """Writes the same training images, and others to validate on, as `preprocess` leaves them.

    It decodes and stores them by preprocess's own parts; only the split is given, so that both sides learn from the
    same images.
    """
    held = max(len(CLASSES), count // VALIDATION_SHARE)
    chosen, spec = _chosen()[: count + held], ImageSpec(mode="L", size=size, crop=1.0)
    contents = [path.read_bytes() for path, _ in chosen]
    folder.mkdir(parents=True)
    for _ in append_rows(folder, 0, _decoded(contents, spec), spec):
        pass  # each turn has written one shard
    (folder / "transform.json").write_text(spec.model_dump_json(), encoding="utf-8")
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    table = pd.DataFrame({"hash": digests, "group": digests, "weight": 1.0, "position": np.arange(len(chosen))})
    table["split"] = ["train"] * count + ["val"] * held
    table[f"{LABEL}defect"] = [label for _, label in chosen]
    write_table(folder / "manifest.parquet", table)
    return Dataset(folder, {"defect": ClassificationTask(classes=CLASSES)})


def _decoded(contents: list[bytes], spec: ImageSpec) -> Iterator[Array]:
    return (spec.decode(content) for content in contents)


def _chosen() -> list[tuple[Path, str]]:
    """Files and labels in an order that is always the same and has both classes at any place."""
    table = elpv_table()
    order = np.random.default_rng(0).permutation(len(table))
    labels = np.where(table["probability"] > 0, *CLASSES)
    return [(elpv_folder() / table["path"].iloc[row], str(labels[row])) for row in order]

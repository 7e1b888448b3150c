"""The data card: the data set as Croissant metadata, so that other tools can read what was trained from."""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd

from data.stores.atomic import write_text
from data.stores.dataset import Dataset
from data.stores.manifest import LABEL, SLICE
from registry.cards.crosswalk import DATA, evidence_in
from registry.cards.facts import Facts, split_sizes
from registry.shipped.manifest import sha256

NAME = DATA
MANIFEST, SHARDS = "manifest.parquet", "shards"
MEANINGS = {
    "hash": "sha256 of the file's content",
    "group": "samples of a group share one split",
    "weight": "weight of the sample in training and evaluation",
    "split": "train, val or test",
    "position": "row in the shards",
}


def write_data_card(folder: Path, dataset: Dataset, facts: Facts) -> None:
    """Writes data_card.json: version, files with hash, and the fields of every sample.

    Raises:
        StorageError: the disk refused the write.
    """
    logging.getLogger("absl").setLevel(logging.ERROR)  # it recommends fields that a domain may not have
    import mlcroissant as mlc

    metadata = mlc.Metadata(
        name=facts.domain,
        description=_description(folder, dataset, facts),
        conforms_to=["http://mlcommons.org/croissant/1.1"],
        version=f"{dataset.generation}.0.0+{facts.dataset_version}",
        license=[facts.data_licence] if facts.data_licence else None,
        distribution=_files(dataset),
        record_sets=[
            mlc.RecordSet(
                id="samples", name="samples", description="every sample of this version",
                fields=[_field(str(name), dataset.manifest) for name in dataset.manifest.columns],
            )
        ],
    )  # fmt: skip
    write_text(folder / NAME, json.dumps(metadata.to_json(), indent=1, default=str))


def _files(dataset: Dataset) -> list[Any]:
    """Manifest and shards as Croissant's resources."""
    import mlcroissant as mlc

    return [
        mlc.FileObject(
            id=MANIFEST, name=MANIFEST, content_url=MANIFEST, description="one row a sample",
            encoding_formats=["application/x-parquet"], sha256=sha256(dataset.folder / MANIFEST),
        ),
        mlc.FileSet(
            id=SHARDS, name=SHARDS, includes="shard-*.npy", encoding_formats=["application/octet-stream"],
            description=f"decoded samples, {dataset.spec.dtype} [N, {', '.join(map(str, dataset.spec.shape))}]",
        ),
    ]  # fmt: skip


def _description(folder: Path, dataset: Dataset, facts: Facts) -> str:
    sizes = ", ".join(f"{split} {count}" for split, count in split_sizes(dataset).items())
    evidence = "; ".join(
        f"{row.framework} {row.reference} ({row.shows})" for row in evidence_in(folder, NAME) if NAME in row.files
    )
    return (
        f"{facts.description} Data version {facts.dataset_version} (DVC): {sizes}; classes "
        f"{', '.join(dataset.classes)}. Evidence that an assessor may want to read, not a claim that anything is "
        f"fulfilled: {evidence}."
    )


def _field(name: str, manifest: pd.DataFrame) -> Any:
    import mlcroissant as mlc

    kind = manifest[name].dtype.kind
    types = {"f": mlc.DataType.FLOAT, "i": mlc.DataType.INTEGER, "b": mlc.DataType.BOOL}
    return mlc.Field(
        id=f"samples/{name}", name=name, description=_meaning(name), data_types=[types.get(kind, mlc.DataType.TEXT)],
        source=mlc.Source(file_object=MANIFEST, extract=mlc.Extract(column=name)),
    )  # fmt: skip


def _meaning(name: str) -> str:
    if name.startswith(LABEL):
        return f"the true class of the task {name.removeprefix(LABEL)}"
    if name.startswith(SLICE):
        return f"slice by {name.removeprefix(SLICE)}"
    return MEANINGS.get(name, name)

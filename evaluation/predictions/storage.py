"""Predictions on disk: one Parquet file, so that the gate, a report and a later reader judge the same numbers."""

from collections.abc import Set as AbstractSet
from pathlib import Path

import numpy as np
import pandas as pd

from data.stores.manifest import SLICE, read_table, write_table
from evaluation.predictions.predictions import Predictions


def predictions_path(home: Path, name: str, version: int, data: str) -> Path:
    """Where lies what a version of a domain said of the test samples of a dataset version."""
    return home / "evaluations" / name / f"v{version}-{data}.parquet"


def newest_predictions(home: Path, name: str, version: int) -> Path | None:
    """What a version of a domain said of the newest test samples that it was judged on; none: nothing is kept."""
    found = predictions_path(home, name, version, "*")
    return max(found.parent.glob(found.name), key=lambda path: path.stat().st_mtime, default=None)


def drop_predictions(home: Path, name: str, hashes: AbstractSet[str]) -> list[int]:
    """Deletes the predictions that are about one of the samples; returns whose they were."""
    folder = predictions_path(home, name, 0, "").parent
    found = [path for path in folder.glob("*.parquet") if not hashes.isdisjoint(read_table(path)["hash"])]
    for path in found:
        path.unlink()
    return sorted({int(path.name.split("-")[0].removeprefix("v")) for path in found})


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Writes predictions atomically.

    Raises:
        StorageError: the disk refused the write.
    """
    table = pd.DataFrame(
        {
            "hash": predictions.hashes,
            "group": predictions.groups,
            "weight": predictions.weights,
            "truth": [predictions.classes[index] for index in predictions.truth],
            **{f"p.{name}": predictions.probabilities[:, index] for index, name in enumerate(predictions.classes)},
        }
    )
    table[[f"p.{name}" for name in predictions.unknown]] = np.nan  # never heard of, not impossible
    slices = predictions.slices.reset_index(drop=True).add_prefix(SLICE)
    write_table(path, pd.concat([table, slices], axis=1))


def read_predictions(path: Path) -> Predictions:
    """Reads predictions back.

    Raises:
        StorageError: the file is missing or damaged.
    """
    table = read_table(path)
    classes = tuple(column.removeprefix("p.") for column in table.columns if column.startswith("p."))
    slices = table[[column for column in table.columns if column.startswith(SLICE)]]
    probabilities = table[[f"p.{name}" for name in classes]].to_numpy(np.float64)
    unknown = np.isnan(probabilities).all(axis=0)
    return Predictions(
        hashes=list(table["hash"]),
        truth=table["truth"].map(classes.index).to_numpy(np.int64),
        probabilities=np.where(unknown, 0.0, probabilities),
        weights=table["weight"].to_numpy(np.float64),
        groups=list(table["group"]),
        slices=slices.rename(columns=lambda column: column.removeprefix(SLICE)),
        classes=classes,
        unknown=tuple(name for name, never in zip(classes, unknown, strict=True) if never),
    )

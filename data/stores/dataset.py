"""Reading a domain's processed data: the manifest and the pixels behind it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.specs.spec import Array, Spec
from data.stores.atomic import read_json
from data.stores.manifest import LABEL, SLICE, read_table
from data.stores.shards import read_rows
from data.targets.task import Task

if TYPE_CHECKING:
    import pandas as pd

CHECKOUT = "run `dvc checkout --force`; deleting the folder would forget the splits"


def samples_sha256(
    hashes: Sequence[str], labels: Sequence[str], weights: Sequence[float], groups: Sequence[str]
) -> str:
    """Names samples in their order: hex digest of content hash, label, weight and group of each."""
    rows = [[*row[:2], float(row[2]), row[3]] for row in zip(hashes, labels, weights, groups, strict=True)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


@dataclass(frozen=True)
class Dataset:
    """One dataset version in a folder; it holds no samples until they are asked for."""

    folder: Path
    tasks: Mapping[str, Task]

    @property
    def headline(self) -> str:
        """Name of the task by which versions are compared."""
        return next(iter(self.tasks))

    @property
    def classes(self) -> tuple[str, ...]:
        """Columns of the headline task's output, in their order."""
        return self.tasks[self.headline].columns

    @cached_property
    def manifest(self) -> "pd.DataFrame":
        """One row a sample in the order of their positions.

        Raises:
            StorageError: the folder is missing or damaged.
        """
        return read_table(self.folder / "manifest.parquet")

    @cached_property
    def spec(self) -> Spec:
        """The spec that the shards were made with."""
        content = read_json(self.folder / "transform.json", CHECKOUT)
        found: Spec = Spec.chosen({key: value for key, value in content.items() if key != "decoder"})
        return found

    @property
    def generation(self) -> int:
        """Number of the test set: how often it was refreshed; data that nothing was retired from need no file."""
        path = self.folder / "generation.json"
        return int(read_json(path, CHECKOUT)["generation"]) if path.exists() else 0

    @property
    def test_set(self) -> str:
        """Names the test set: see `samples_sha256`."""
        rows = self.rows("test")
        labels, weights = list(self.answers(rows)), rows["weight"].tolist()
        return samples_sha256(list(rows["hash"]), labels, weights, list(rows["group"]))

    def rows(self, *splits: str) -> "pd.DataFrame":
        """The manifest rows of the named splits."""
        return self.manifest[self.manifest["split"].isin(splits)].reset_index(drop=True)

    def resplit(self, learned: npt.NDArray[np.bool_]) -> "Dataset":
        """The same data where of the training and validation samples those marked [N] train and the others validate."""
        split = self.manifest["split"].copy()
        split[split.isin(("train", "val"))] = np.where(learned, "train", "val")
        return _Resplit(self.folder, self.tasks, self.manifest.assign(split=split))

    def samples(self, rows: "pd.DataFrame") -> Array:
        """Arrays of manifest rows: the spec's type, [N, *shape]."""
        return read_rows(self.folder, rows["position"].to_numpy(np.int64), self.spec)

    def targets(self, rows: "pd.DataFrame") -> dict[str, npt.NDArray[Any]]:
        """What is to be learned of manifest rows, by task: [N, ...]."""
        return {name: task.encode(rows[LABEL + name]) for name, task in self.tasks.items()}

    def labels(self, rows: "pd.DataFrame") -> npt.NDArray[Any]:
        """Targets of the headline task: of a classification class indices, int64 [N]."""
        return self.tasks[self.headline].encode(self.answers(rows))

    def answers(self, rows: "pd.DataFrame") -> "pd.Series[str]":
        """The true answers to the headline task, as the manifest has them: of a classification names of classes."""
        return rows[LABEL + self.headline]

    def strata(self, rows: "pd.DataFrame") -> "pd.Series[str]":
        """What manifest rows are balanced by: their answers to the headline task."""
        return self.tasks[self.headline].strata(self.answers(rows))

    def slices(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """Slice columns of manifest rows, under their plain names."""
        names = [column for column in rows.columns if column.startswith(SLICE)]
        return rows[names].rename(columns=lambda column: column.removeprefix(SLICE))


@dataclass(frozen=True)
class _Resplit(Dataset):
    """A dataset version under another manifest than the one that lies in its folder."""

    given: "pd.DataFrame"

    @cached_property
    def manifest(self) -> "pd.DataFrame":
        """The one that was given."""
        return self.given

"""Reading a domain's processed data: the manifest and the pixels behind it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.specs.decoding import Array
from data.specs.image import ImageSpec
from data.stores.manifest import LABEL, SLICE, read_table
from data.stores.shards import read_rows


def samples_sha256(hashes: Sequence[str], labels: Sequence[str], weights: Sequence[float]) -> str:
    """Names samples in their order: hex digest of content hash, label and weight of each."""
    rows = zip(hashes, labels, weights, strict=True)
    return hashlib.sha256("\n".join(f"{digest} {label} {float(w)!r}" for digest, label, w in rows).encode()).hexdigest()


@dataclass(frozen=True)
class Dataset:
    """One dataset version in a folder; it holds no pixels until they are asked for."""

    folder: Path
    task: str
    classes: tuple[str, ...]

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """One row a sample in the order of their positions.

        Raises:
            StorageError: the folder is missing or damaged.
        """
        return read_table(self.folder / "manifest.parquet")

    @cached_property
    def spec(self) -> ImageSpec:
        """The image spec that the shards were made with."""
        return ImageSpec.model_validate_json((self.folder / "transform.json").read_text(encoding="utf-8"))

    @property
    def generation(self) -> int:
        """Number of the test set: how often it was refreshed; data that nothing was retired from need no file."""
        path = self.folder / "generation.json"
        return int(json.loads(path.read_text(encoding="utf-8"))["generation"]) if path.exists() else 0

    @property
    def test_set(self) -> str:
        """Names the test set: see `samples_sha256`."""
        rows = self.rows("test")
        return samples_sha256(list(rows["hash"]), list(rows[LABEL + self.task]), rows["weight"].tolist())

    def rows(self, *splits: str) -> pd.DataFrame:
        """The manifest rows of the named splits."""
        return self.manifest[self.manifest["split"].isin(splits)].reset_index(drop=True)

    def images(self, rows: pd.DataFrame) -> Array:
        """Pixels of manifest rows: uint8 [N, H, W, C]."""
        return read_rows(self.folder, rows["position"].to_numpy(np.int64), self.spec.shape)

    def labels(self, rows: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Class indices of manifest rows: int64 [N]."""
        return rows[LABEL + self.task].map(self.classes.index).to_numpy(np.int64)

    def slices(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Slice columns of manifest rows, under their plain names."""
        names = [column for column in rows.columns if column.startswith(SLICE)]
        return rows[names].rename(columns=lambda column: column.removeprefix(SLICE))

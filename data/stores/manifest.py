"""The raw manifest: one row a sample, as ingest found it, bad rows included."""

from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import DamagedError
from data.parquet import read_parquet
from data.stores.atomic import atomic_path

if TYPE_CHECKING:
    import pandas as pd

LABEL = "label."
SLICE = "slice."


def raw_manifest_path(root: Path, name: str) -> Path:
    """Where ingest writes and validation reads."""
    return root / "data" / "raw" / name / "manifest.parquet"


def validated_folder(root: Path, name: str) -> Path:
    """DVC output of the validate stage."""
    return root / "data" / "validated" / name


def processed_folder(root: Path, name: str) -> Path:
    """DVC output of the preprocess stage; its hash is the dataset version."""
    return root / "data" / "processed" / name


def read_table(path: Path) -> "pd.DataFrame":
    """Reads a Parquet table that Regraft wrote.

    Raises:
        DamagedError: the table is missing or was altered.
    """
    try:
        table = read_parquet(path)
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path}: missing or damaged; delete it and run the flow again to rebuild it") from error
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return frame


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Writes a Parquet table atomically; equal tables give equal bytes.

    Raises:
        StorageError: the disk refused the write.
    """
    with atomic_path(path) as temporary:
        table.reset_index(drop=True).to_parquet(temporary, index=False)

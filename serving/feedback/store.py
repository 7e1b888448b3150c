"""Labels as they came back, append-only: a corrected one stands beside the one before it, and the last one counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from serving.log.files import foreign, read_file, stamp, write_file
from settings.machine import load_settings

SCHEMA = pa.schema([("time", pa.timestamp("us", tz="UTC")), ("name", pa.string()), ("label", pa.string())])


@dataclass(frozen=True)
class Feedback:
    """What a sample truly is; `name` is the prediction's id or the caller's own key."""

    name: str
    label: str


def append_feedback(domain: str, given: Sequence[Feedback]) -> Path:
    """Writes labels as one new file.

    Raises:
        StorageError: the disk is full or refuses the write; what was there is as it was.
    """
    now = datetime.now(UTC)
    rows = [{"time": now, "name": one.name, "label": one.label} for one in given]
    return write_file(_folder(domain), stamp(now), pa.Table.from_pylist(rows, schema=SCHEMA))


def read_feedback(domain: str) -> pd.DataFrame:
    """All labels that ever came, oldest first: columns time, name, label.

    Raises:
        PredictionLogError: a file is not what was written.
    """
    tables = [_load(path) for path in sorted(_folder(domain).glob("*.parquet"))]
    frame: pd.DataFrame = pa.concat_tables([SCHEMA.empty_table(), *tables]).to_pandas()
    return frame


def _load(path: Path) -> pa.Table:
    try:
        return read_file(path).cast(SCHEMA)
    except (pa.ArrowException, ValueError) as error:
        raise foreign(path) from error


def _folder(domain: str) -> Path:
    return load_settings().home / "feedback" / domain

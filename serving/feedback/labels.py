"""Labels as they came, in Parquet beside the prediction log: a row says which class what it names has.

A row is never changed: a corrected label is a newer row, and the newest of what a row names is its present label.
"""

import io
import uuid
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.errors import PredictionLogError
from serving.log.erasure import without
from serving.log.store import File, Store, settled
from settings.machine import load_settings

Kind = Literal["id", "key", "hash", "path"]  # the columns of the log by which a label may name a prediction
SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us", tz="UTC")),
        ("entry", pa.string()),
        ("kind", pa.string()),
        ("reference", pa.string()),
        ("label", pa.string()),
    ]
)


@dataclass(frozen=True)
class Label:
    """A label as it came.

    Attributes:
        kind: by what it names a prediction: its id, the caller's key, its content's sha256 or its file's path.
        reference: that id, key, hash or path.
        label: the class.
        time: when it came.
        entry: names this row.
    """

    kind: Kind
    reference: str
    label: str
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    entry: str = field(default_factory=lambda: uuid.uuid4().hex)


def labels_store(domain: str) -> Store:
    """Where the labels of a domain lie."""
    return Store(f"{load_settings().predictions}/{domain}/feedback")


def file_labels(domain: str, labels: Sequence[Label]) -> File:
    """Writes labels as one new file; when it returns they are on the disk.

    Raises:
        StorageError: the disk refused it; the same labels may be filed again.
    """
    return labels_store(domain).write(pa.Table.from_pylist(list(map(vars, labels)), schema=SCHEMA))


def history(domain: str, references: AbstractSet[str] | None = None, by: datetime | None = None) -> pd.DataFrame:
    """Labels in the order in which they came: time, entry, kind, reference, label; the same said again is left out.

    Args:
        domain: whose labels.
        references: keep only rows that name one of these.
        by: keep only rows that had come by then.

    Raises:
        PredictionLogError: a file is not what was written.
    """
    named = None if references is None else pa.array(sorted(references), pa.string())
    frame: pd.DataFrame = settled(lambda: _read(labels_store(domain), named)).to_pandas(use_threads=False)
    frame = frame if by is None else frame[frame["time"] <= by]
    frame = frame.drop_duplicates("entry", keep="last", ignore_index=True)
    before = frame.groupby(["kind", "reference"])["label"].shift()
    return frame[frame["label"] != before].reset_index(drop=True)


def load_labels(store: Store, file: File) -> pa.Table:
    """One file after checking its bytes against its name.

    Raises:
        FileNotFoundError: it is not there any more.
        PredictionLogError: it is not what was written.
    """
    content = store.read(file)
    try:
        return pq.ParquetFile(io.BytesIO(content)).read(use_threads=False).select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise PredictionLogError(
            f"file {file.path} of labels holds other columns; move it out of the folder"
        ) from error


def erase_labels(domain: str, references: Iterable[str]) -> int:
    """Takes the labels of what is named out and returns their number; called again it finishes what was begun.

    Raises:
        PredictionLogError: a file is not what was written.
        StorageError: the disk refused a write.
    """
    store, named = labels_store(domain), pa.array(sorted(references), pa.string())
    gone = without(store, lambda: _files(store), load_labels, lambda table: pc.is_in(table["reference"], named))
    return len({entry for table in gone for entry in table["entry"].to_pylist()})


def _files(store: Store) -> Iterator[File]:
    return (file for day in store.folders() for file in reversed(store.files(day)))


def _read(store: Store, named: pa.Array | None) -> pa.Table:
    tables = (load_labels(store, file) for file in _files(store))
    kept = [table if named is None else table.filter(pc.is_in(table["reference"], named)) for table in tables]
    return pa.concat_tables([SCHEMA.empty_table(), *kept])

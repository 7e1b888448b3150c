"""What a row of the prediction log holds; the schema only ever grows, and what an old file lacks is null."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from serving.engine.answers import Answer

SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us", tz="UTC")),
        ("version", pa.int64()),
        ("transform", pa.string()),
        ("hash", pa.string()),
        ("path", pa.string()),
        ("predicted", pa.string()),
        ("probabilities", pa.list_(pa.float32())),
        ("embedding", pa.list_(pa.float16())),
        ("error", pa.string()),
        ("id", pa.string()),
        ("key", pa.string()),
        ("group", pa.string()),
        ("session", pa.string()),
        ("slot", pa.string()),
        ("latency_ms", pa.float64()),
        ("abstained", pa.bool_()),
    ]
)
FIRST = SCHEMA.names[:9]  # what every file has had since there is a log
FACT = pa.float64()


def new_id() -> str:
    """A name for a prediction that no other has."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Prediction:
    """One row of the log; what a file that failed does not have is None, and `error` says why it failed.

    Attributes:
        time: when it was answered.
        version: which model answered.
        transform: hash of the spec that the bytes were read by.
        hash: sha256 of the bytes.
        path: the file, or `request/ID`.
        predicted: the likeliest class.
        probabilities: of each class.
        embedding: what the network made of it.
        error: why there is no answer.
        facts: what the spec measures of the sample.
        id: names the sample that was asked; where several versions answer it their rows share it. A reader counts
            (id, version) once, however often it was written.
        key: the caller's own name of the sample.
        group: what it belongs to, as the caller says.
        session: of the caller.
        slot: champion; shadow, which is not told to the caller; or canary.
        latency_ms: from taking it in to its answer.
        abstained: whether the caller was told no class; `predicted` is the likeliest one all the same.
    """

    time: datetime
    version: int
    transform: str
    hash: str | None
    path: str
    predicted: str | None = None
    probabilities: npt.NDArray[np.float32] | None = None
    embedding: npt.NDArray[np.float16] | None = None
    error: str | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    key: str | None = None
    group: str | None = None
    session: str | None = None
    slot: str = "champion"
    latency_ms: float | None = None
    abstained: bool | None = None


def told(row: Prediction, answer: Answer, *, abstained: bool) -> Prediction:
    """The row of a sample with what the model said of it."""
    return replace(
        row,
        predicted=answer.predicted,
        probabilities=answer.probabilities,
        embedding=answer.embedding,
        facts=answer.facts,
        abstained=abstained,
    )


def table_of(rows: Sequence[Prediction], facts: Sequence[str]) -> pa.Table:
    """Rows as a table, with a column for each of the named facts beside those of `SCHEMA`."""
    schema = pa.schema([*SCHEMA, *(pa.field(name, FACT) for name in facts)])
    return pa.Table.from_pylist([vars(row) | dict(row.facts) for row in rows], schema=schema)


def shaped(table: pa.Table, name: str, start: int) -> pa.Table:
    """A table of any release with the columns of this one, or with those of them that were read.

    `name` is that of its file, and `start` its place there, of which ids are made where it has none.

    Raises:
        ValueError: a column is of another type.
    """
    if "id" not in table.column_names:
        table = table.append_column(
            "id", pa.array([_old_id(name, start + place) for place in range(table.num_rows)], pa.string())
        )
    fields = [SCHEMA.field(each) if each in SCHEMA.names else pa.field(each, FACT) for each in table.column_names]
    return table.cast(pa.schema(fields))


def _old_id(name: str, place: int) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{place}").hex

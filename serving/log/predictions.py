"""The prediction log: append-only Parquet that holds what the served models saw and said.

A file lies alone or in the folder of the run that wrote it, see `serving.log.files`.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import StorageError
from data.stores.atomic import scratch_folder
from serving.engine.answers import Answer
from serving.log.files import foreign, read_file, write_file
from settings.machine import load_settings

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
        ("latency_ms", pa.float32()),
    ]
)
ADDED = ("id", "key", "group", "session", "slot", "latency_ms")  # later than the first release: older files lack them

FACT = pa.float64()
TIME, TIMED = "%Y%m%dT%H%M%S.%fZ", re.compile(r"\d{8}T\d{6}\.\d{6}Z")


@dataclass(frozen=True)
class Prediction:
    """One row of the log; what a file that failed does not have is None, and `error` says why it failed.

    Of a request it has more than of a scored file: the prediction's id (two versions that were asked about one sample
    share it), what the caller said, in which role the version was asked, and how long that took.
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
    id: str | None = None
    key: str | None = None
    group: str | None = None
    session: str | None = None
    slot: str | None = None
    latency_ms: float | None = None


def told(row: Prediction, answer: Answer) -> Prediction:
    """The row of a sample with what the model said of it."""
    return replace(
        row,
        predicted=answer.predicted,
        probabilities=answer.probabilities,
        embedding=answer.embedding,
        facts=answer.facts,
    )


def append(domain: str, rows: Sequence[Prediction], facts: Sequence[str]) -> Path:
    """Writes `rows` as one new file, whole or not at all, and returns its path.

    `facts` are the names of what is measured of each sample; each has a column beside those of `SCHEMA`.

    Raises:
        StorageError: the disk is full or refuses the write; the log is as it was before.
    """
    return write_file(_folder(domain), _next_time(_folder(domain)), _table(rows, facts))


@contextmanager
def opened_log(domain: str | None, facts: Sequence[str]) -> Iterator[Callable[[Sequence[Prediction]], None]]:
    """Yields a function that takes rows; the log has them, all at once, when the block ends well, and never in part.

    So what was cut off and is done again counts once. Without a domain it takes nothing.

    Raises:
        StorageError: the disk is full or refuses a write; the log is as it was before.
    """
    if domain is None:
        yield lambda rows: None
        return
    folder = _folder(domain)
    with scratch_folder(folder, "run") as scratch:
        yield partial(_add, scratch, folder, facts)
        _publish(scratch, folder / f"{_next_time(folder)}-{uuid.uuid4()}")


def _add(scratch: Path, folder: Path, facts: Sequence[str], rows: Sequence[Prediction]) -> None:
    write_file(scratch, _next_time(folder), _table(rows, facts))


def _publish(run: Path, target: Path) -> None:
    try:
        run.rename(target)
    except OSError as error:
        raise StorageError(f"cannot write {target}: {error.strerror}; free disk space or check its rights") from error


def _table(rows: Sequence[Prediction], facts: Sequence[str]) -> pa.Table:
    # The salt keeps two equal batches of the same microsecond from sharing a name and becoming one.
    fields = [*SCHEMA, *(pa.field(name, FACT) for name in facts)]
    schema = pa.schema(fields, metadata={"salt": uuid.uuid4().hex})
    return pa.Table.from_pylist([vars(row) | dict(row.facts) for row in rows], schema=schema)


def read(
    domain: str, *, version: int | None = None, last: int | None = None, since: datetime | None = None
) -> pd.DataFrame:
    """Reads the log oldest first, with the columns of `SCHEMA` and one a fact; no file at all is an empty frame.

    Args:
        domain: whose log.
        since: keep only what was predicted from then on; files that were written before are not opened.
        version: keep only what this model version predicted.
        last: keep only the newest `last` rows; only as many files as that needs are opened.

    Raises:
        PredictionLogError: a file that had to be opened is not what was written.
    """
    tables: list[pa.Table] = []
    for path in reversed(_files(_folder(domain))):
        if last is not None and sum(table.num_rows for table in tables) >= last:
            break
        if since is not None and path.name < f"{since.astimezone(UTC):{TIME}}":
            break
        table = _load(path)
        table = table if since is None else table.filter(pc.field("time") >= since)
        tables.append(table if version is None else table.filter(pc.field("version") == version))
    table = pa.concat_tables([SCHEMA.empty_table(), *reversed(tables)], promote_options="default")
    frame: pd.DataFrame = table.slice(0 if last is None else max(0, table.num_rows - last)).to_pandas()
    return frame


def erase(domain: str, hashes: AbstractSet[str]) -> int:
    """Takes the rows of samples out of the log and returns their number; called again it finishes what was begun.

    Raises:
        PredictionLogError: a file is not what was written.
        StorageError: the disk refused a write.
    """
    erased = 0
    for path in _files(_folder(domain)):
        table = _load(path)
        kept = table.filter(pc.invert(pc.is_in(table["hash"], pa.array(sorted(hashes), pa.string()))))
        if kept.num_rows == table.num_rows:
            continue
        erased += table.num_rows - kept.num_rows
        if kept.num_rows:
            # The file's own time, and no new salt: half done and done again it is the same file.
            write_file(path.parent, path.name.split("-")[0], kept)
        path.unlink()
    return erased


def _next_time(folder: Path) -> str:
    """The time that names the next file: now, but after all others, or a clock that was set back would hide it."""
    names = (path.name.split("-")[0] for path in folder.rglob("*.parquet"))
    newest = max(filter(TIMED.fullmatch, names), default="")
    now = datetime.now(UTC)
    if newest > f"{now:{TIME}}":
        now = datetime.strptime(newest, TIME).replace(tzinfo=UTC) + timedelta(microseconds=1)
    return f"{now:{TIME}}"


def _files(folder: Path) -> list[Path]:
    """The files of the log, oldest first; those of one run lie in a folder of their own, hidden until it is done."""
    return sorted([*folder.glob("*.parquet"), *folder.glob("[0-9]*/*.parquet")], key=lambda path: path.name)


def _folder(domain: str) -> Path:
    return load_settings().home / "predictions" / domain


def _load(path: Path) -> pa.Table:
    table = read_file(path)
    facts = [name for name in table.column_names if name not in SCHEMA.names]
    for name in ADDED:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), SCHEMA.field(name).type))
    try:
        return table.select([*SCHEMA.names, *facts]).cast(
            pa.schema([*SCHEMA, *(pa.field(name, FACT) for name in facts)])
        )
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise foreign(path) from error

"""What of the log a reader opens: folders and files that can hold what it wants, newest first, until it has enough."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.errors import PredictionLogError
from serving.log.schema import FIRST, SCHEMA, shaped
from serving.log.store import File, Store, settled, stamp

ROW = ("id", "version")  # what names a row, however often it was written
ALWAYS = ("time", "version", "id")  # by these rows are chosen and counted once


@dataclass(frozen=True)
class Wanted:
    """What is read: rows of a version, the newest so many, from a time until before another; columns. None: all."""

    version: int | None = None
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    columns: Sequence[str] | None = None

    def may_hold(self, file: File) -> bool:
        """Whether by its name a file may have such rows."""
        old = self.since is not None and file.last < stamp(self.since)
        new = self.until is not None and file.first >= stamp(self.until)
        return not old and not new

    def of(self, table: pa.Table) -> pa.Table:
        """The rows of a table that are wanted, but for `last`."""
        other = self.version is not None and pc.any(pc.not_equal(table["version"], self.version)).as_py()
        rules = [
            pc.field("version") == self.version if other else None,
            None if self.since is None else pc.field("time") >= pa.scalar(self.since, SCHEMA.field("time").type),
            None if self.until is None else pc.field("time") < pa.scalar(self.until, SCHEMA.field("time").type),
        ]
        for rule in rules:
            table = table if rule is None else table.filter(rule)
        return table


def read_rows(store: Store, wanted: Wanted) -> pa.Table:
    """The rows, file by file and oldest file first; one that was written twice may be there twice.

    Raises:
        PredictionLogError: a file that had to be opened is not what was written.
    """
    return settled(lambda: _collected(store, wanted))


def files_of(store: Store, wanted: Wanted) -> Iterator[File]:
    """The files that may hold what is wanted, newest first; a folder is listed once it is reached."""
    flat: dict[str, list[File]] = {}
    for file in store.files():
        flat.setdefault(file.written[:8], []).append(file)
    days: dict[str, list[str]] = {}
    for folder in _versions(store, wanted):
        for day in store.folders(folder):
            days.setdefault(day.removeprefix("day=").replace("-", ""), []).append(f"{folder}/{day}")
    for day in sorted({*flat, *days}, reverse=True):
        if wanted.since is not None and day < stamp(wanted.since)[:8]:
            return
        found = [*flat.get(day, []), *(file for folder in days.get(day, []) for file in store.files(folder))]
        yield from sorted(filter(wanted.may_hold, found), key=lambda file: file.name, reverse=True)


def load(store: Store, file: File, columns: Sequence[str] | None = None) -> pa.Table:
    """One file after checking its bytes against its name, with all columns or those of the named ones that it has.

    Raises:
        FileNotFoundError: it is not there any more.
        PredictionLogError: it is not what was written.
    """
    return pa.concat_tables(reversed([*parts_of(store, file, columns)]))


def parts_of(store: Store, file: File, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The same in parts, the newest rows first; a part is decoded once it is reached.

    Raises:
        FileNotFoundError: it is not there any more.
        PredictionLogError: it is not what was written.
    """
    content = store.read(file)
    try:
        opened = pq.ParquetFile(io.BytesIO(content))
        there = opened.schema_arrow.names
        if {*FIRST} <= {*there}:
            read = there if columns is None else [name for name in there if name in {*columns, *ALWAYS}]
            yield from _parts(opened, read, file.name)
            return
    except (pa.ArrowException, ValueError) as error:
        raise _foreign(file) from error
    raise _foreign(file)


def _parts(opened: pq.ParquetFile, columns: list[str], name: str) -> Iterator[pa.Table]:
    start = opened.metadata.num_rows
    for group in reversed(range(opened.num_row_groups)):
        table = opened.read_row_group(group, columns, use_threads=False)  # for the threads see data.parquet
        start -= table.num_rows
        yield shaped(table, name, start)


def once(table: pa.Table, key: Sequence[str] = ROW) -> pa.Table:
    """Each row once, where the last of those with its key stands."""
    last = last_rows(table, key)
    return table if len(last) == table.num_rows else table.take(pa.array(last, pa.int64()))


def last_rows(table: pa.Table, key: Sequence[str] = ROW) -> list[int]:
    """Where the last row of each key stands, in order."""
    numbered = table.select(key).append_column("row", pa.array(range(table.num_rows), pa.int64()))
    found: list[int] = (
        numbered.group_by(list(key), use_threads=False).aggregate([("row", "max")])["row_max"].to_pylist()
    )
    return sorted(found)


def _foreign(file: File) -> PredictionLogError:
    told = f"prediction log file {file.path} holds other columns than this release writes"
    return PredictionLogError(f"{told}; move it out of the folder")


def _versions(store: Store, wanted: Wanted) -> list[str]:
    there = [name for name in store.folders() if name.startswith("version=")]
    return [name for name in there if wanted.version is None or name == f"version={wanted.version}"]


def _collected(store: Store, wanted: Wanted) -> pa.Table:
    tables: list[pa.Table] = []
    seen: set[tuple[str, int]] = set()
    parts = (part for file in files_of(store, wanted) for part in parts_of(store, file, wanted.columns))
    for part in parts if wanted.last != 0 else ():
        tables.append(wanted.of(part))
        if wanted.last is None:
            continue
        seen.update(zip(tables[-1]["id"].to_pylist(), tables[-1]["version"].to_pylist(), strict=True))
        if len(seen) >= wanted.last:
            break
    named = None if wanted.columns is None else {*wanted.columns, *ALWAYS}
    nothing = SCHEMA.empty_table().select([name for name in SCHEMA.names if named is None or name in named])
    return pa.concat_tables([nothing, *reversed(tables)], promote_options="default")

"""Many small files become few, and old ones go; killed at any moment no row is lost, and none is counted twice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.log.predictions import folder_of
from serving.log.reading import ROW, last_rows, load
from serving.log.store import File, Store

MANY = 32  # small files in one folder, above which they are merged
SMALL, MERGED = 2**24, 2**26  # bytes of a file that is merged, and of what is merged into one

Load = Callable[[Store, File], pa.Table]


def merge(store: Store, folder: str, load_file: Load = load, key: Sequence[str] = ROW) -> int:
    """Merges the small files of a folder where they are many, and returns how many were.

    Args:
        store: where they are.
        folder: of which the files are merged.
        load_file: reads one.
        key: the columns that name a row, which is kept once.

    Raises:
        PredictionLogError: a file is not what was written.
        StorageError: the disk refused a write; the files are there still.
    """
    small = [file for file in reversed(store.files(folder)) if file.size < SMALL]
    groups = list(_groups(small)) if len(small) > MANY else []
    return sum(_merge(store, group, load_file, key) for group in groups if len(group) > 1)


def drop_old(store: Store, folders: Iterable[str], days: int) -> None:
    """Deletes the folders `…/day=DATE` of days that are over for longer than so many days.

    Raises:
        StorageError: the disk refused it.
    """
    oldest = f"day={datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"
    for folder in folders:
        if folder.rpartition("/")[2] < oldest:
            store.drop(folder)


def place(store: Store, file: File) -> None:
    """Puts the rows of a file of an early release into the folders of their version and its day."""
    try:
        table = load(store, file)
    except FileNotFoundError:
        return
    day = f"day={file.written[:4]}-{file.written[4:6]}-{file.written[6:8]}"
    for version in pc.unique(table["version"]).to_pylist():
        placed = replace(file, folder=f"{folder_of(version)}/{day}")
        store.rewrite(placed, table.filter(pc.field("version") == version))
    store.remove(file)


def _groups(files: Sequence[File]) -> Iterator[list[File]]:
    """Files in their order, in groups that fit one merged file."""
    group: list[File] = []
    for file in files:
        if group and sum(one.size for one in group) + file.size > MERGED:
            yield group
            group = []
        group.append(file)
    yield group


def _joined(store: Store, files: Sequence[File], load_file: Load, key: Sequence[str]) -> File:
    """One file with the rows of all, each once: first by their keys alone, then file by file."""
    schemas, keys = [], []
    for file in files:
        table = load_file(store, file)
        schemas.append(table.schema)
        keys.append(table.select(key))
    kept, schema = last_rows(pa.concat_tables(keys), key), pa.unify_schemas(schemas)
    ends = np.cumsum([one.num_rows for one in keys])
    parts = np.split(np.array(kept, np.int64), np.searchsorted(kept, ends[:-1]))
    begins = [0, *ends[:-1]]
    chosen = (
        pa.concat_tables([schema.empty_table(), load_file(store, file).take(rows - begin)], promote_options="default")
        for file, rows, begin in zip(files, parts, begins, strict=True)
    )
    return store.join(files[-1], schema, chosen)


def _merge(store: Store, files: Sequence[File], load_file: Load, key: Sequence[str]) -> int:
    """Writes the merged file, then deletes the others; where one vanished meanwhile it is as if nothing was done.

    One that vanished was erased in part or merged by another process: the merged file would bring its rows back.
    """
    try:
        written = _joined(store, files, load_file, key)
    except FileNotFoundError:
        return 0
    names = {file.name for file in files}
    others = [file for file in files if file.name != written.name]
    if not names <= {file.name for file in store.files(files[0].folder)}:
        others = [] if written.name in names else [written]
    for file in others:
        store.remove(file)
    return len(others)

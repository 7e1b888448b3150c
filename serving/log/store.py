"""Append-only Parquet files below one address, a folder or anything that fsspec knows; each shows if it was altered.

They lie in folders `…/day=DATE` and are named `WRITTEN-FIRST-LAST-FINGERPRINT.parquet`: when it was written, after all
others even where the clock was set back; the times of its oldest and newest row, so that a reader knows what it need
not open; and the first 128 bits of the SHA-256 of its bytes, so that any later change shows. Early releases named them
`WRITTEN-FINGERPRINT.parquet` and had no folders.
"""

import contextlib
import hashlib
import io
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import StorageError
from data.stores.atomic import atomic_path
from serving.errors import PredictionLogError

TIME = r"\d{8}T\d{6}\.\d{6}Z"
NAME = re.compile(rf"(?P<written>{TIME})-((?P<first>{TIME})-(?P<last>{TIME})-)?[0-9a-f-]{{36}}\.parquet")
STAMP = "%Y%m%dT%H%M%S.%fZ"
EARLIEST = "0" * 8  # before any time
TRIES = 5
GROUP = 2048  # rows that a reader decodes at once
_NEWEST: dict[str, str] = {}  # by address, so that no folder need be listed for each file
Found = TypeVar("Found")


@dataclass(frozen=True)
class File:
    """One file: its folder below the store, its name, size in bytes and what the name says."""

    folder: str
    name: str
    size: int
    written: str
    first: str
    last: str

    @property
    def path(self) -> str:
        """Where it is below the store."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class Store:
    """The files below an address; nothing is known of them but what their file system says now."""

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            shown = url.split("://", maxsplit=1)[0]  # the rest may hold a password
            raise StorageError(f"REGRAFT_PREDICTIONS_URL {shown}://…: {error}; correct it or install s3fs") from error

    def folders(self, folder: str = "") -> list[str]:
        """Names of the folders in a folder, in order; none where it does not exist."""
        return sorted(Path(one["name"]).name for one in self._listed(folder) if one["type"] == "directory")

    def days(self) -> list[str]:
        """The folders of days, here and one folder below, of each the days in their order."""
        top = self.folders()
        below = [f"{folder}/{day}" for folder in top if "day=" not in folder for day in self.folders(folder)]
        return [name for name in [*top, *below] if name.rpartition("/")[2].startswith("day=")]

    def files(self, folder: str = "") -> list[File]:
        """The files in a folder, newest first; what is none of ours is passed over."""
        found = [_file(folder, Path(one["name"]).name, one["size"]) for one in self._listed(folder)]
        return sorted(filter(None, found), key=lambda file: file.name, reverse=True)

    def read(self, file: File) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: it is not there any more.
            StorageError: the store does not answer.
            PredictionLogError: they are not what was written.
        """
        with _told(f"read {file.path}"):
            content = bytes(self._fs.cat_file(f"{self._root}/{file.path}"))
        if not file.name.endswith(f"-{_fingerprint(content)}.parquet"):
            raise PredictionLogError(
                f"prediction log file {self._root}/{file.path} is not what was written (its bytes do not match its "
                "name); restore it from a backup or move it out of the folder"
            )
        return content

    def write(self, table: pa.Table, below: str = "") -> File:
        """Writes a table with a column `time` as one new file of today, whole or not at all.

        Args:
            table: the rows.
            below: the folder that holds the one of the day.

        Raises:
            StorageError: the disk is full or refuses the write; all is as it was before.
        """
        written = self._next_time()
        day = f"day={written[:4]}-{written[4:6]}-{written[6:8]}"
        return self._write(f"{below}/{day}" if below else day, written, table.schema, [table])

    def rewrite(self, file: File, table: pa.Table) -> File:
        """Writes rows of a file, or of it and others, in its place and with its time; the same rows are the same file.

        Raises:
            StorageError: as `write`.
        """
        return self._write(file.folder, file.written, table.schema, [table])

    def join(self, file: File, schema: pa.Schema, tables: Iterable[pa.Table]) -> File:
        """Writes rows of many tables in place of a file, and with its time; of the tables few are in memory at once.

        Raises:
            StorageError: as `write`.
        """
        return self._write(file.folder, file.written, schema, tables)

    def remove(self, file: File) -> None:
        """Deletes a file; one that is gone already is gone."""
        with contextlib.suppress(FileNotFoundError), _told(f"delete {file.path}"):
            self._fs.rm_file(f"{self._root}/{file.path}")

    def drop(self, folder: str = "") -> None:
        """Deletes a folder with its files, or all; called again it finishes what was begun."""
        with contextlib.suppress(FileNotFoundError), _told(f"delete {folder or self._root}"):
            self._fs.rm(f"{self._root}/{folder}".rstrip("/"), recursive=True)

    def _write(self, folder: str, written: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> File:
        buffer, times = io.BytesIO(), list[datetime]()
        with pq.ParquetWriter(buffer, schema) as target:
            for part in _grouped(tables):
                target.write_table(part, row_group_size=GROUP)
                times += pc.min_max(part["time"]).as_py().values()
        content, first, last = buffer.getvalue(), stamp(min(times)), stamp(max(times))
        name = f"{written}-{first}-{last}-{_fingerprint(content)}.parquet"
        self._put("/".join(filter(None, (self._root, folder, name))), content)
        return File(folder, name, len(content), written, first, last)

    def _next_time(self) -> str:
        """The time that names the next file: now, but after all others, or a clock that was set back would hide it."""
        newest = _NEWEST.get(self._root) or max((file.written for file in self._newest()), default="")
        now = _now()
        if newest > stamp(now):
            now = datetime.strptime(newest, STAMP).replace(tzinfo=UTC) + timedelta(microseconds=1)
        _NEWEST[self._root] = stamp(now)
        return _NEWEST[self._root]

    def _newest(self) -> Iterator[File]:
        """The files without folder and those of the newest day of each folder."""
        yield from self.files()
        newest = {folder.rpartition("day=")[0]: folder for folder in self.days()}
        for folder in newest.values():
            yield from self.files(folder)

    def _put(self, path: str, content: bytes) -> None:
        if "file" in self._protocols:
            with atomic_path(Path(path)) as temporary:
                temporary.write_bytes(content)
            return
        try:
            with _told(f"write {path}"):
                self._fs.pipe_file(path, content)  # one object, which is there whole or not at all
        except FileNotFoundError as error:
            raise StorageError(f"cannot write {path}: {error}; make the bucket, or correct its name") from error

    @property
    def _protocols(self) -> tuple[str, ...]:
        found = self._fs.protocol
        return (found,) if isinstance(found, str) else tuple(found)

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        path = f"{self._root}/{folder}" if folder else self._root
        try:
            with _told(f"list {path}"):
                return [one for one in self._fs.ls(path, detail=True) if one["name"].rstrip("/") != path.rstrip("/")]
        except FileNotFoundError:
            return []


def _grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of whole groups, but for the last one."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if (rows := sum(one.num_rows for one in waiting)) >= GROUP:
            whole, over = pa.concat_tables(waiting), rows % GROUP
            yield whole.slice(0, rows - over)
            waiting = [whole.slice(rows - over)]
    if any(one.num_rows for one in waiting):
        yield pa.concat_tables(waiting)


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Makes one error of what a file system raises: those of clients of object stores have no base of their own."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise StorageError(f"cannot {what}: {reason}; check that the store is there, and its rights") from error


def settled(read: Callable[[], Found]) -> Found:
    """What a reader finds, from the beginning where a file was merged with others since its folder was listed.

    Raises:
        PredictionLogError: that happened again and again.
    """
    for _ in range(TRIES):
        with contextlib.suppress(FileNotFoundError):
            return read()
    raise PredictionLogError(f"files vanished {TRIES} times while they were read; read again")


def _now() -> datetime:
    return datetime.now(UTC)


def stamp(time: datetime) -> str:
    """A time as file names have it, in the order of time."""
    return f"{time.astimezone(UTC):{STAMP}}"


def _file(folder: str, name: str, size: int) -> File | None:
    found = NAME.fullmatch(name)
    if found is None:
        return None
    return File(folder, name, size, found["written"], found["first"] or EARLIEST, found["last"] or found["written"])


def _fingerprint(content: bytes) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(content).digest()[:16]))

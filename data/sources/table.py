"""A table with one row a sample, on disk or at any fsspec URL."""

import glob
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import fsspec
from pydantic import Field

from data.errors import SourceError
from data.naming import split_name
from data.sources.reading import cell_text, read_table
from data.sources.sample import Sample, SourceConfig, local_path

NAMELESS = " has no path"


class TableSource(SourceConfig):
    """Columns `path` and `label`, and where they exist `group`, `weight`, `split` and the named slices."""

    kind: Literal["table"]
    path: str = Field(description="CSV, JSON Lines or Parquet file, a glob of them, or an fsspec URL")
    label: str = Field("label", description="column of the label")
    slices: tuple[str, ...] | None = Field(
        None, description="columns to report on; unset: all that have no other meaning"
    )
    optional: bool = Field(default=False, description="no such table means no samples instead of an error")

    def samples(self, root: Path, task: str) -> Iterator[Sample]:
        """The rows of every table that `path` names, in the order of file names and rows.

        Raises:
            SourceError: no such table, no such column or an unreadable file.
        """
        filesystem, name = self._located(root)
        # A name with brackets is first of all a name.
        pattern = name if "://" in self.path else _pattern(name)
        tables = [name] if filesystem.isfile(name) else sorted(map(str, filesystem.glob(pattern)))
        if not tables and not self.optional:
            raise SourceError(f"source.path {name} matches no file; correct it or put the table there")
        for table in tables:
            yield from self._rows(filesystem, table, task)

    def stamp(self, root: Path, path: str) -> str:
        """Size and time of the sample's file, as its file system tells them."""
        try:
            filesystem, name = _filesystem(path)
            facts = filesystem.info(name)
        except (OSError, SourceError):
            return ""
        return "-".join(str(facts.get(key, "")) for key in ("size", "mtime", "ETag", "LastModified", "etag", "updated"))

    def read(self, root: Path, path: str) -> bytes:
        """Bytes of one sample's file.

        Raises:
            SourceError: the file is missing or unreadable.
        """
        if path.endswith(NAMELESS):
            raise SourceError(f"{path.rsplit('/', 1)[-1]}; fill it in or drop the row")
        filesystem, name = _filesystem(path)
        try:
            return bytes(filesystem.cat_file(name))
        except FileNotFoundError:
            rule = "restore it, correct its path (a relative one starts at the table's folder) or drop its row"
            raise SourceError(f"{path}: there is no such file; {rule}") from None
        except OSError as error:
            raise SourceError(
                f"{path}: {type(error).__name__}; restore the file or drop its row from the table"
            ) from error

    def _located(self, root: Path) -> tuple[Any, str]:
        return _filesystem(self.path if "://" in self.path else str(local_path(root, self.path)))

    def _rows(self, filesystem: Any, table: str, task: str) -> Iterator[Sample]:
        frame = read_table(_content(filesystem, table), table, self.label)
        reserved = {"path", self.label, "group", "weight", "split"}
        slices = [name for name in frame.columns if name not in reserved] if self.slices is None else self.slices
        missing = [name for name in ("path", self.label, *slices) if name not in frame.columns]
        if missing:
            there = ", ".join(frame.columns)
            raise SourceError(f"{table}: no column {missing[0]!r} (there: {there}); add or rename it in the first line")
        local = filesystem.protocol == "file" or "file" in filesystem.protocol
        base = table.rsplit("/", 1)[0] if local else filesystem.unstrip_protocol(table).rsplit("/", 1)[0]
        for number, row in enumerate(frame.to_dict("records"), 1):
            # A row without a path is told from another one, and goes to quarantine as a file that is not there.
            path = cell_text(row["path"]) or f"row {number} of {table.rsplit('/', 1)[-1]}{NAMELESS}"
            label = cell_text(row[self.label])
            yield Sample(
                path=sample_address(path, base),
                labels={} if label is None else {task: label},
                group=cell_text(row.get("group")),
                slices={name: text for name in slices if (text := cell_text(row[name])) is not None},
                weight=_weight(row.get("weight"), table),
                split=_split(cell_text(row.get("split"))),
            )


def _filesystem(address: str) -> tuple[Any, str]:
    """File system of a path or an address, and the name in it.

    Raises:
        SourceError: the protocol is unknown, or its package is not installed.
    """
    if "://" not in address:  # a path, whatever colons it holds
        return fsspec.filesystem("file"), address
    try:
        filesystem, name = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        shown = address.split("://", maxsplit=1)[0]  # the rest may hold a password
        raise SourceError(
            f"{shown}://…: {error}; correct the address or install what it needs, such as s3fs"
        ) from error
    return filesystem, str(name)


def _pattern(name: str) -> str:
    """A pattern in which the folders that are there are names, whatever signs they hold."""
    there = next((folder for folder in Path(name).parents if folder.is_dir()), None)
    return name if there is None else str(Path(glob.escape(str(there)), Path(name).relative_to(there)))


def _content(filesystem: Any, table: str) -> bytes:
    try:
        return bytes(filesystem.cat_file(table))
    except OSError as error:
        raise SourceError(f"{table}: {type(error).__name__}; restore the table or correct source.path") from error


def sample_address(path: str, base: str) -> str:
    """The address of a sample; a path of Windows works where it is relative, an encoded one where no file is called so.

    Raises:
        SourceError: the path names a drive or a server of Windows.
    """
    if re.match(r"[A-Za-z]:[\\/]|\\\\", path):
        raise SourceError(f"{path}: a path of Windows leads nowhere here; make it relative to the table")
    if "/" not in path:
        path = path.replace("\\", "/")
    if path.startswith("~/"):
        path = str(local_path(Path(base), path))
    return _decoded(path if path.startswith("/") or "://" in path else f"{base}/{path}")


def _decoded(address: str) -> str:
    """The file on this machine that `%20` and the like stand for, as labelling tools and file:// write a name."""
    path = address.removeprefix("file://")
    if "%" not in path or "://" in path or Path(path).exists() or not Path(unquote(path)).exists():
        return address
    return unquote(path)


def _split(text: str | None) -> str | None:
    """The split that a word means; any other text as it is, for validation to name."""
    return None if text is None else split_name(text) or text


def _weight(value: Any, table: str) -> float:
    import pandas as pd

    try:
        weight = 1.0 if value is None or pd.isna(value) else float(value)
    except ValueError as error:
        raise SourceError(
            f"{table}: weight {value!r} is no number such as 0.5; correct it or leave it empty for 1"
        ) from error
    if not 0 < weight < float("inf"):
        raise SourceError(f"{table}: weight {value!r} must be positive and finite; correct it or leave it empty for 1")
    return weight

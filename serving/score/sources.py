"""The files that are to be scored, one by one, from what a person names."""

import glob
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from data.sources.reading import cell_text, read_table
from data.sources.sample import read_file
from data.sources.table import sample_address
from data.sources.tree import Tree
from serving.errors import ServingError

TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
INPUT = "-"


def files_in(names: Iterable[str]) -> Iterator[str]:
    """Paths of files, in order and as they are found.

    A name is a file; a folder, for the samples below it, as ingest would take them; a pattern such as `in/*.png`; a
    table with a column `path`; an address such as `s3://…`; or `-`, for one path a line on standard input.

    Raises:
        ServingError: a name leads nowhere, or a table has no paths.
        SourceError: a table cannot be read.
    """
    for name in names:
        if name == INPUT:
            yield from lines_in(sys.stdin)
        elif "://" in name:
            yield name
        else:
            yield from _found(name)


def lines_in(lines: Iterable[str]) -> Iterator[str]:
    """Paths, one a line; an empty line is none."""
    return (line.strip() for line in lines if line.strip())


def require_there(names: Sequence[str]) -> None:
    """Raises ServingError where a name leads nowhere, before anything is scored."""
    absent = [name for name in names if name != INPUT and "://" not in name and not _is_there(name)]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise ServingError(f"{absent[0]}{more}: no such file or folder; correct the path")


def _is_there(name: str) -> bool:
    return Path(name).exists() or next(_matches(name), None) is not None


def _matches(pattern: str) -> Iterator[str]:
    return (one for one in glob.iglob(pattern, recursive=True) if Path(one).is_file())  # noqa: PTH207 - from any root


def _found(name: str) -> Iterator[str]:
    path = Path(name)
    if path.is_dir():
        yield from (str(path / below) for below in Tree(path).samples)
    elif path.exists() and path.suffix.lower() in TABLES:
        yield from _rows(path)
    elif path.exists():
        yield name
    else:
        yield from sorted(_matches(name))


def _rows(table: Path) -> Iterator[str]:
    rows = read_table(read_file(table), str(table), "label")
    if "path" not in rows.columns:
        raise ServingError(f"{table}: no column 'path' (there: {', '.join(rows.columns)}); name the files in one")
    for number, cell in enumerate(rows["path"], 1):
        path = cell_text(cell)
        if path is None:
            raise ServingError(f"{table}: row {number} has no path; fill it in or drop the row")
        yield sample_address(path, str(table.parent.absolute()))

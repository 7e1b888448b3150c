"""Labels that come back in a table: of predictions by their id, the caller's key, content or file."""

import hashlib
from pathlib import Path
from typing import get_args

from data.errors import SourceError
from data.sources.reading import cell_text, read_table
from data.sources.sample import read_file
from data.sources.table import sample_address
from serving.feedback.labels import Kind, Label

KINDS: tuple[Kind, ...] = get_args(Kind)


def labels_in(table: Path) -> tuple[list[Label], bool]:
    """The labels of a table, and whether it names files alone, as a table to learn from does.

    It has a column `label` and one or several of id, key, hash and path. A row names its prediction by the first of
    these that it fills in; one without label says nothing. A file that is there is named by its content, so that it is
    known however it was sent, and one that is not by its path.

    Raises:
        SourceError: the table cannot be read, lacks a column, or has a row that names nothing.
    """
    rows = read_table(read_file(table), str(table), "label")
    kinds = [kind for kind in KINDS if kind in rows.columns]
    if "label" not in rows.columns or not kinds:
        there = ", ".join(rows.columns)
        raise SourceError(f"{table}: feedback needs a column label and one of {', '.join(KINDS)} (there: {there})")
    found = []
    for number, row in enumerate(rows.to_dict("records"), 1):
        names = {kind: text for kind in kinds if (text := cell_text(row[kind])) is not None}
        if not names:
            raise SourceError(f"{table}: row {number} has no {' nor '.join(kinds)}; fill it in or drop it")
        if (label := cell_text(row["label"])) is not None:
            kind = next(iter(names))
            kind, name = _file(names[kind], table) if kind == "path" else (kind, names[kind])
            found.append(Label(kind, name, label))
    return found, kinds == ["path"]


def _file(path: str, table: Path) -> tuple[Kind, str]:
    address = sample_address(path, str(table.parent.absolute()))
    if "://" in address or not Path(address).is_file():
        return "path", address
    with Path(address).open("rb") as file:
        return "hash", hashlib.file_digest(file, "sha256").hexdigest()

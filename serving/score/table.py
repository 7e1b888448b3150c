"""Predictions as a table for people: one row a file, as CSV for a spreadsheet or as Parquet."""

import codecs
import csv
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.stores.atomic import atomic_path
from data.stores.cells import harmless
from serving.errors import ServingError
from serving.log.schema import Prediction

TOGETHER = 10_000  # rows of a group of Parquet
Take = Callable[[Prediction], object]


@contextmanager
def opened_table(path: Path | None, classes: Sequence[str]) -> Iterator[Take]:
    """Yields a function that takes a row; the table is there, whole, when the block ends well. None: it takes nothing.

    Columns: path, predicted, one `p.CLASS` a class, error, abstained: then predicted is empty. The suffix says which
    kind of table it is.

    Raises:
        ServingError: a suffix other than .csv and .parquet.
        StorageError: the disk is full or refuses the write.
    """
    if path is None:
        yield lambda row: None
        return
    kinds = {".csv": _csv, ".parquet": _parquet}
    if path.suffix.lower() not in kinds:
        raise ServingError(f"{path}: a table of predictions is a .csv or .parquet file; correct its name")
    with atomic_path(path) as temporary, kinds[path.suffix.lower()](temporary, classes) as take:
        yield take


@contextmanager
def _csv(path: Path, classes: Sequence[str]) -> Iterator[Take]:
    """A cell that a spreadsheet would run as a formula gets a quote in front of it.

    Text beyond ASCII begins with a byte order mark, or Excel takes it for the local code page.
    """
    plain = True

    def take(row: Prediction) -> None:
        nonlocal plain
        cells = _cells(row, len(classes))
        plain = plain and all(str(cell).isascii() for cell in cells)
        table.writerow(cells)

    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        head = ["path", "predicted", *(f"p.{name}" for name in classes), "error", "abstained"]
        table.writerow(head)
        yield take
    if not plain or not "".join(head).isascii():
        _mark(path)


def _mark(path: Path) -> None:
    """Puts a byte order mark before a file."""
    marked = path.with_name(f"{path.name}.marked")
    with path.open("rb") as source, marked.open("wb") as target:
        target.write(codecs.BOM_UTF8)
        shutil.copyfileobj(source, target)
    marked.replace(path)


@contextmanager
def _parquet(path: Path, classes: Sequence[str]) -> Iterator[Take]:
    text, number = pa.string(), pa.float32()
    shares = [pa.field(f"p.{name}", number) for name in classes]
    schema = pa.schema([("path", text), ("predicted", text), *shares, ("error", text), ("abstained", pa.bool_())])
    rows: list[Prediction] = []

    def write() -> None:
        said = [[None] * len(classes) if row.probabilities is None else row.probabilities.tolist() for row in rows]
        columns = [[row.path for row in rows], [_told(row) for row in rows]]
        columns += [[one[place] for one in said] for place in range(len(classes))]
        table.write_table(
            pa.table([*columns, [row.error for row in rows], [row.abstained for row in rows]], schema=schema)
        )
        rows.clear()

    def take(row: Prediction) -> None:
        rows.append(row)
        if len(rows) >= TOGETHER:
            write()

    with pq.ParquetWriter(path, schema) as table:
        yield take
        write()


def _cells(row: Prediction, classes: int) -> list[object]:
    said = [""] * classes if row.probabilities is None else [f"{value:.6f}" for value in row.probabilities]
    abstained = "" if row.abstained is None else str(row.abstained).lower()
    return [harmless(row.path), harmless(_told(row) or ""), *said, harmless(row.error or ""), abstained]


def _told(row: Prediction) -> str | None:
    return None if row.abstained else row.predicted

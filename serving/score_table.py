"""Predictions as a table for people: one row a file, for a spreadsheet."""

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from data.stores.atomic import atomic_path
from data.stores.cells import harmless
from serving.log.schema import Prediction


@contextmanager
def opened_table(path: Path | None, classes: Sequence[str]) -> Iterator[Callable[[Sequence[Prediction]], None]]:
    """Yields a function that takes rows; the CSV is there, whole, when the block ends. Without a path it takes nothing.

    Columns: path, predicted, one `p.CLASS` a class, error. A cell that a spreadsheet would run as a formula gets a
    quote in front of it; text beyond ASCII begins with a byte order mark, or Excel takes it for the local code page.
    """
    if path is None:
        yield lambda rows: None
        return
    with atomic_path(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["path", "predicted", *(f"p.{name}" for name in classes), "error"])
            yield lambda rows: table.writerows(_cells(row, len(classes)) for row in rows)
        content = temporary.read_bytes()
        if not content.isascii():
            temporary.write_bytes(codecs.BOM_UTF8 + content)


def _cells(row: Prediction, classes: int) -> list[object]:
    said = [""] * classes if row.probabilities is None else [f"{value:.6f}" for value in row.probabilities]
    return [harmless(row.path), harmless(row.predicted or ""), *said, harmless(row.error or "")]

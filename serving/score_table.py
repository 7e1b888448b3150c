"""Predictions as a table for people: one row a file, for a spreadsheet."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from data.stores.atomic import atomic_path
from data.stores.cells import harmless
from serving.prediction_log import Prediction


@contextmanager
def opened_table(path: Path | None, classes: Sequence[str]) -> Iterator[Callable[[Sequence[Prediction]], None]]:
    """Yields a function that takes rows; the CSV is there, whole, when the block ends. Without a path it takes nothing.

    Columns: path, predicted, one `p.CLASS` a class, error. A cell that a spreadsheet would run as a formula gets a
    quote in front of it.
    """
    if path is None:
        yield lambda rows: None
        return
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "predicted", *(f"p.{name}" for name in classes), "error"])
        yield lambda rows: table.writerows(_cells(row, len(classes)) for row in rows)


def _cells(row: Prediction, classes: int) -> list[object]:
    said = [""] * classes if row.probabilities is None else [f"{value:.6f}" for value in row.probabilities]
    return [harmless(row.path), harmless(row.predicted or ""), *said, harmless(row.error or "")]

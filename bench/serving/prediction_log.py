"""The prediction log at size: what a reader waits for; `python -m bench.serving.prediction_log`.

A million rows of one version and ten of another lie in the log as it is after its files were merged, with embeddings as
EfficientNet's. Each read is done several times, and the median is told.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import numpy as np
import pyarrow as pa

from serving.feedback.labelled import labelled
from serving.feedback.labels import Label, file_labels
from serving.log.predictions import append, folder_of, read, store_of
from serving.log.schema import SCHEMA, Prediction

DOMAIN = "bench"
FILE_ROWS = 25_000
START = datetime(2026, 1, 1, tzinfo=UTC)


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of the large version.")
@click.option("--dimensions", default=1280, show_default=True, help="Length of an embedding.")
@click.option("--repeats", default=5, show_default=True, help="Reads of each kind.")
def main(rows: int, dimensions: int, repeats: int) -> None:
    """Measure reads of a large prediction log."""
    with tempfile.TemporaryDirectory() as root:
        os.environ["REGRAFT_ROOT"] = root
        _fill(rows, dimensions)
        names = read(DOMAIN, version=1, last=1000, columns=("id",))["id"]
        file_labels(DOMAIN, [Label("id", name, "a") for name in names])
        small = ("id", "time", "predicted", "error")
        reads: dict[str, Callable[[], object]] = {
            "ten rows of version 2, all columns": lambda: read(DOMAIN, version=2),
            "newest 200 of version 1, all columns": lambda: read(DOMAIN, version=1, last=200),
            "newest 1,000 of version 1 with labels, four columns": lambda: labelled(
                DOMAIN, version=1, last=1000, columns=small
            ),
            "all of version 1, four columns": lambda: read(DOMAIN, version=1, columns=small),
        }
        for name, call in reads.items():
            click.echo(f"{name}: {_median(call, repeats):.3f} s")


def _median(call: Callable[[], object], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def _fill(rows: int, dimensions: int) -> None:
    random = np.random.default_rng(0)
    embeddings = pa.FixedSizeListArray.from_arrays(
        pa.array(random.normal(size=FILE_ROWS * dimensions).astype(np.float16)), dimensions
    ).cast(SCHEMA.field("embedding").type)
    for start in range(0, rows, FILE_ROWS):
        store_of(DOMAIN).write(_table(start, embeddings), folder_of(1))
    append(DOMAIN, [Prediction(START + timedelta(seconds=n), 2, "t", f"{n:064x}", "x") for n in range(10)], ())


def _table(start: int, embeddings: pa.Array) -> pa.Table:
    numbers = range(start, start + FILE_ROWS)
    given = {
        "time": [START + timedelta(seconds=number) for number in numbers],
        "version": [1] * FILE_ROWS,
        "hash": [f"{number:064x}" for number in numbers],
        "id": [f"{number:032x}" for number in numbers],
        "predicted": ["a"] * FILE_ROWS,
        "slot": ["champion"] * FILE_ROWS,
        "embedding": embeddings,
    }
    columns = [
        _column(given[field.name], field.type) if field.name in given else pa.nulls(FILE_ROWS, field.type)
        for field in SCHEMA
    ]
    return pa.table(columns, schema=SCHEMA)


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


if __name__ == "__main__":
    main()

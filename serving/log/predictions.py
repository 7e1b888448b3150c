"""The prediction log of a domain: what the served models saw and said, in folders `version=N/day=DATE` of writing.

A row is an (id, version); however often it was written, by a request that was repeated or a merge that was killed, a
reader counts it once. This is what makes every rewriting of files safe: the new file first, then the old ones go.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from serving.log.reading import Wanted, once, read_rows
from serving.log.schema import Prediction, table_of
from serving.log.store import File, Store
from settings.machine import load_settings


def store_of(domain: str) -> Store:
    """Where the log of a domain lies."""
    return Store(f"{load_settings().predictions}/{domain}")


def append(domain: str, rows: Sequence[Prediction], facts: Sequence[str]) -> list[File]:
    """Writes `rows` as new files, one a version, each whole or not at all.

    `facts` are the names of what is measured of each sample; each has a column beside those of `SCHEMA`.

    Raises:
        StorageError: the disk is full or refuses the write; the same rows may be appended again.
    """
    parts: dict[int, list[Prediction]] = defaultdict(list)
    for row in rows:
        parts[row.version].append(row)
    store = store_of(domain)
    return [store.write(table_of(part, facts), folder_of(version)) for version, part in parts.items()]


def read(
    domain: str,
    *,
    version: int | None = None,
    last: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Reads the log in the order of writing: the columns of `SCHEMA` and one a fact; no file at all is an empty frame.

    Only what the window needs is opened: the folder of the version, the days, the files whose name tells of such times,
    and of these the columns.

    Args:
        domain: whose log.
        version: keep only what this model version predicted.
        last: keep only the newest `last` rows.
        since: keep only rows of this time and later.
        until: keep only rows before this time.
        columns: of these alone, in this order.

    Raises:
        PredictionLogError: a file that had to be opened is not what was written.
    """
    table = once(read_rows(store_of(domain), Wanted(version, last, since, until, columns)))
    table = table if last is None else table.slice(max(0, table.num_rows - last))
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return frame if columns is None else frame.reindex(columns=list(columns))


def folder_of(version: int) -> str:
    """The folder of a version's rows."""
    return f"version={version}"

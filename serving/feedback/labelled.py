"""Predictions with the labels that came back for them."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from serving.feedback.labels import history
from serving.log.predictions import read

NAMES = ("id", "key", "hash", "path")
LABEL = ("label", "labelled")


def labelled(
    domain: str,
    *,
    version: int | None = None,
    last: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The log as `serving.log.predictions.read` gives it, with `label` and `labelled`, when that came; else null.

    A label speaks of every row that has its id, key, content or path; of several the newest counts. One whose row is
    not in the log yet is joined once it is.

    Args:
        domain: whose log.
        version: keep only what this model version predicted.
        last: keep only the newest `last` rows, labelled or not.
        since: keep only predictions of this time and later, whenever their label came.
        until: keep only predictions before this time.
        columns: of the log, these alone; label and labelled are there anyway.

    Raises:
        PredictionLogError: a file that had to be opened is not what was written.
    """
    asked = None if columns is None else list(dict.fromkeys([*columns, *NAMES]))
    rows = read(domain, version=version, last=last, since=since, until=until, columns=asked)
    found = _present(rows, history(domain, {name for each in NAMES for name in rows[each].dropna()}))
    rows = rows.assign(label=found["label"], labelled=found["time"])
    return rows if columns is None else rows[[*columns, *LABEL]]


def _present(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """The present label and its time of each row, null where there is none."""
    newest = labels.drop_duplicates(["kind", "reference"], keep="last")
    found = pd.DataFrame({"label": None, "time": pd.Series(pd.NaT, rows.index, "datetime64[us, UTC]")}, rows.index)
    for kind, told in newest.set_index("reference").groupby("kind"):
        times = rows[kind].map(told["time"])
        newer = times.notna() & ~(found["time"] > times)
        found["label"] = found["label"].mask(newer, rows[kind].map(told["label"]))
        found["time"] = found["time"].mask(newer, times)
    return found

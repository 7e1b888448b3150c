"""Predictions with the labels that came back for them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from serving.feedback.labels import history
from serving.log.predictions import read

NAMES = ("id", "key", "hash", "path")
LABEL = ("label", "labelled")
DAY = timedelta(days=1)
PART = 20_000  # rows after which a part is handed on


def labelled(
    domain: str,
    *,
    version: int | None = None,
    last: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The log as `serving.log.predictions.read` gives it, with `label` and `labelled`, or nulls.

    A label speaks of every row that has its id, key, content or path, of whichever slot. Of several the last one that
    came is `label`; `labelled` is when the first one came, which a correction does not change. One whose row is not in
    the log yet is joined once it is.

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
    rows = read(domain, version=version, last=last, since=since, until=until, columns=_asked(columns))
    return _joined(domain, rows, columns, None)


def labelled_parts(
    domain: str,
    *,
    version: int,
    since: datetime,
    columns: Sequence[str],
    at: datetime | None = None,
) -> Iterator[pd.DataFrame]:
    """The same of all since a time, in parts of whole days, oldest first: memory holds one part, however long it is.

    Args:
        domain: whose log.
        version: what this model version predicted.
        since: predictions of this time and later.
        columns: of the log, these alone; label and labelled are there anyway.
        at: as it was at this time, without later predictions and without labels that came later; None: as it is.

    Raises:
        PredictionLogError: a file that had to be opened is not what was written.
    """
    waiting: list[pd.DataFrame] = []
    for start, end in _days(since, at):
        waiting.append(read(domain, version=version, since=start, until=end, columns=_asked(columns)))
        if end == at or sum(map(len, waiting)) >= PART:
            there = [one for one in waiting if len(one)] or waiting[:1]
            yield _joined(domain, pd.concat(there, ignore_index=True), columns, at)
            waiting = []


def _days(since: datetime, at: datetime | None) -> Iterator[tuple[datetime, datetime | None]]:
    """Days from a time to another, the last one cut off there; without any the last one never ends."""
    end = at or datetime.now(UTC)
    while since + DAY < end:
        yield since, since + DAY
        since += DAY
    yield since, at


def _asked(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(dict.fromkeys([*columns, *NAMES]))


def _joined(domain: str, rows: pd.DataFrame, columns: Sequence[str] | None, by: datetime | None) -> pd.DataFrame:
    """Rows of the log with their labels, of those that had come by then."""
    labels = history(domain, {name for each in NAMES for name in rows[each].dropna()}, by)
    first, newest = _places(rows, labels)
    label = labels["label"].reindex(newest)
    label = label.astype(object).where(label.notna(), None)
    rows = rows.assign(label=label.array, labelled=labels["time"].reindex(first).array)
    return rows if columns is None else rows[[*columns, *LABEL]]


def _places(rows: pd.DataFrame, labels: pd.DataFrame) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Of each row the places of the first and of the newest label by any of its names; null where there is none."""
    first, newest = pd.DataFrame(index=rows.index), pd.DataFrame(index=rows.index)
    for kind, told in labels.assign(place=range(len(labels))).groupby("kind"):
        places = told.groupby("reference")["place"]
        first[kind], newest[kind] = rows[kind].map(places.min()), rows[kind].map(places.max())
    return first.min(axis=1), newest.max(axis=1)

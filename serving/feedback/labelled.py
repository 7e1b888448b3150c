"""Predictions with the labels that came back for them."""

from datetime import datetime

import pandas as pd

from serving.feedback.store import read_feedback
from serving.log.predictions import read


def labelled(domain: str, *, version: int | None = None, since: datetime | None = None) -> pd.DataFrame:
    """The log's rows of requests, with `label` (the last one that came) and `labelled` (when the first one came).

    A label by a prediction's id goes before one by the caller's key. Rows without a label have nulls there.

    Args:
        domain: whose log.
        version: keep only what this version predicted.
        since: keep only what was predicted from then on.

    Raises:
        PredictionLogError: a file that had to be opened is not what was written.
    """
    rows, given = read(domain, version=version, since=since), read_feedback(domain)
    rows = rows[rows["id"].notna()].reset_index(drop=True)
    last = given.groupby("name")["label"].last()
    first = given.groupby("name")["time"].first()
    by_id = rows["id"].isin(last.index)
    name = rows["id"].where(by_id, rows["key"])
    return rows.assign(label=name.map(last), labelled=name.map(first))

"""What champion and canary said of the same samples, from the prediction log and the labels that came back."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Samples that both versions were asked about.

    Samples of one group (or session) go together, so only the first of each counts as evidence.

    Attributes:
        disagrees: whether the two gave different answers, 0 or 1, one of each group, in the order of the requests.
        gains: 1 where only the canary was right, -1 where only the champion was, else 0; one of each group, in the
            order in which the labels came.
        abstains: 1 where only the canary abstained, -1 where only the champion did, else 0; one of each group.
        asked: samples that both were asked about, of all groups.
        failed: of these the ones on which only the canary failed.
    """

    disagrees: Floats
    gains: Floats
    abstains: Floats
    asked: int
    failed: int


def pairs_of(rows: pd.DataFrame, champion: int, canary: int) -> Pairs:
    """Pairs up the rows of the log.

    Args:
        rows: columns id, time, version, predicted, error, abstained, group, session, label and labelled (when that
            came, or null).
        champion: the version that one row of each pair is of.
        canary: the version that the other is of.
    """
    ours, theirs = (_of(rows, version) for version in (canary, champion))
    both = theirs.join(ours[["predicted", "error", "abstained"]], rsuffix="_canary", how="inner").sort_values("time")
    answered = both[both["error"].isna() & both["error_canary"].isna()]
    failed = int((both["error"].isna() & both["error_canary"].notna()).sum())
    labelled = answered[answered["labelled"].notna()].sort_values("labelled")
    right, wrong = labelled["predicted_canary"] == labelled["label"], labelled["predicted"] == labelled["label"]
    gains = right.astype(float) - wrong.astype(float)
    disagrees = (answered["predicted"] != answered["predicted_canary"]).astype(float)
    silent, before = ((answered[name] == 1).astype(float) for name in ("abstained_canary", "abstained"))
    abstains = _first(silent - before, answered)
    return Pairs(_first(disagrees, answered), _first(gains, labelled), abstains, len(both), failed)


def _of(rows: pd.DataFrame, version: int) -> pd.DataFrame:
    """The rows of a version by prediction; one that was written twice counts once."""
    return rows[rows["version"] == version].drop_duplicates("id").set_index("id")


def _first(values: "pd.Series[float]", rows: pd.DataFrame) -> Floats:
    """The first value of each group; a row without group and session is a group of its own."""
    group = rows["group"].replace("", None).fillna(rows["session"].replace("", None))
    unit = group.fillna(pd.Series(rows.index, index=rows.index))
    first: Floats = np.asarray(values[~unit.duplicated().to_numpy()], float)
    return first

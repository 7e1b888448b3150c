"""Are the rows that have labels like those that have none? Who labels what looks doubtful sees a worse model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.inference.bootstrap import ROUNDING, Resampling, interval_of
from evaluation.predictions.grouped import Floats, Grouped
from evaluation.predictions.metrics import divide
from monitoring.performance.labelled.gathered import Gathered

LEVEL = 0.99  # of the interval that must leave out "no difference"
FEWEST = 5  # blocks with and without labels below which nothing is shown
STRATA = 5  # of equal size, by confidence
MISSED = 0.05  # share of the traffic whose confidence no labelled row has, at most
MOST = 20_000  # blocks that are compared
HEAVIEST = 10.0  # how much a labelled row may stand for, at most


@dataclass(frozen=True, eq=False)
class Selection:
    """Weights [L] of the labelled rows, equal where they are like the rest; whether they stand for it; and what to say.

    The weights make the labelled rows as sure as all rows are; the largest is 1.
    """

    weights: Floats
    representative: bool
    note: str


@dataclass(frozen=True, eq=False)
class _Blocks(Grouped):
    """One row a block, for a bootstrap by blocks."""

    weights: Floats
    groups: list[str]


def compare_labelled(gathered: Gathered, resampling: Resampling) -> Selection:
    """Compares the confidence of rows with and without labels; weighs the labelled ones by it where it differs."""
    labelled, equal = gathered.labelled, np.ones(int(gathered.labelled.sum()))
    lower = _lower(gathered, resampling)
    if lower is None:
        return Selection(equal, representative=True, note="")
    difference = f"the labelled ones are {'less' if lower else 'more'} sure than the others"
    sure = gathered.rows["confidence"].to_numpy()
    inner = np.quantile(sure, np.arange(1, STRATA) / STRATA)
    stratum = np.searchsorted(inner, sure, side="right")
    share, held = (np.bincount(part, minlength=STRATA) / len(part) for part in (stratum, stratum[labelled]))
    if share[held == 0].sum() > MISSED or (share > HEAVIEST * held)[held > 0].any():
        return Selection(equal, representative=False, note=f"{difference}, too few are like them: caution")
    weights = divide(share, held)[stratum[labelled]]
    return Selection(weights / weights.max(), representative=True, note=f"{difference}, and are weighted by confidence")


def _lower(gathered: Gathered, resampling: Resampling) -> bool | None:
    """Whether the labelled rows are surely less sure than the others; None where no difference is shown."""
    with_label, without = (_sums(gathered.rows[part]) for part in (gathered.labelled, ~gathered.labelled))
    if min(len(with_label), len(without)) < FEWEST:
        return None
    sums = with_label.join(without, how="outer", lsuffix="_with", rsuffix="_without").fillna(0).tail(MOST).to_numpy()

    def gap(weights: Floats) -> Floats:
        """Mean confidence of the labelled rows over that of the others [R]."""
        first, first_count, second, second_count = (weights @ sums).T
        return divide(first, first_count) - divide(second, second_count)

    asked = Resampling(resampling.seed, resampling.resamples, LEVEL)
    found = interval_of(gap, _Blocks(np.ones(len(sums)), [str(place) for place in range(len(sums))]), asked)
    if not found.is_finite or (found.low <= ROUNDING and found.high >= -ROUNDING):
        return None
    return found.high < 0


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Summed confidence of each block, and its rows."""
    return rows.groupby("block")["confidence"].agg(["sum", "count"])

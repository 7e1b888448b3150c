"""Are the rows that have labels like those that have none? Who labels what looks doubtful sees a worse model."""

from dataclasses import dataclass

import numpy as np

from evaluation.inference.bootstrap import Resampling, interval_of
from evaluation.predictions.grouped import Floats, Grouped
from evaluation.predictions.metrics import divide
from monitoring.performance.answers import Answers

LEVEL = 0.99  # of the interval that must leave out "no difference"
FEWEST = 5  # blocks with and without labels below which nothing is shown
STRATA = 5  # of equal size, by confidence
MISSED = 0.05  # share of the traffic whose confidence no labelled row has, at most
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
class _Sure(Grouped):
    """Rows with their confidence, for a bootstrap by blocks."""

    weights: Floats
    groups: list[str]


def compare_labelled(answers: Answers, resampling: Resampling) -> Selection:
    """Compares the confidence of rows with and without labels; weighs the labelled ones by it where it differs."""
    labelled, equal = answers.labelled, np.ones(int(answers.labelled.sum()))
    lower = _lower(answers, resampling)
    if lower is None:
        return Selection(equal, representative=True, note="")
    difference = f"the labelled ones are {'less' if lower else 'more'} sure than the others"
    sure = answers.confidence
    inner = np.quantile(sure, np.arange(1, STRATA) / STRATA)
    stratum = np.searchsorted(inner, sure, side="right")
    share, held = (np.bincount(part, minlength=STRATA) / len(part) for part in (stratum, stratum[labelled]))
    if share[held == 0].sum() > MISSED or (share > HEAVIEST * held)[held > 0].any():
        return Selection(equal, representative=False, note=f"{difference}, too few are like them: caution")
    weights = divide(share, held)[stratum[labelled]]
    return Selection(weights / weights.max(), representative=True, note=f"{difference}, and are weighted by confidence")


def _lower(answers: Answers, resampling: Resampling) -> bool | None:
    """Whether the labelled rows are surely less sure than the others; None where no difference is shown."""
    labelled, sure, blocks = answers.labelled, answers.confidence, np.array(answers.blocks)
    if min(len(np.unique(blocks[part])) for part in (labelled, ~labelled)) < FEWEST:
        return None

    def gap(weights: Floats) -> Floats:
        """Mean confidence of the labelled rows over that of the others [R]."""
        parts = [(weights[:, part] @ sure[part], weights[:, part].sum(axis=1)) for part in (labelled, ~labelled)]
        first, second = (divide(total, count) for total, count in parts)
        return first - second

    asked = Resampling(resampling.seed, resampling.resamples, LEVEL)
    found = interval_of(gap, _Sure(np.ones(len(sure)), list(blocks)), asked)
    if not found.is_finite or found.low <= 0 <= found.high:
        return None
    return found.high < 0

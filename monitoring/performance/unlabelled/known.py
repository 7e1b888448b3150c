"""Samples whose truth is known and that the champion has not learned from: what its confidence is worth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.predictions.grouped import Floats
from monitoring.arrays import stack
from monitoring.performance.unlabelled.distance import Embedded
from monitoring.reference import Reference

TRUTH = "truth"  # column of the reference
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Known(Embedded):
    """What the champion said of samples, beside the truth.

    Attributes:
        probabilities: float64 [N, K].
        embeddings: float64 [N, D].
        truth: class index of each sample [N].
        groups: name of the group of each sample.
    """

    probabilities: Floats
    embeddings: Floats
    truth: Integers
    groups: list[str]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.truth)

    @property
    def weights(self) -> Floats:  # type: ignore[override]
        """Traffic has no weights."""
        return np.ones(len(self))

    def take(self, rows: npt.NDArray[np.generic]) -> "Known":
        """The samples at these places (a mask [N] or positions)."""
        groups = np.asarray(self.groups, dtype=object)[rows]
        return Known(self.probabilities[rows], self.embeddings[rows], self.truth[rows], list(groups))


def known_of(reference: Reference) -> Known | None:
    """The validation samples of a reference, or all of one whose answers are held out; None where no truth is kept.

    Packages of earlier releases, and of tasks that are no classification, keep none.
    """
    rows = reference.rows
    if TRUTH not in rows:
        return None
    rows = rows if reference.held_out else rows[rows["split"] == "val"]
    rows = rows[rows[TRUTH].isin(reference.classes)]
    if rows.empty:
        return None
    truth = rows[TRUTH].map(reference.classes.index).to_numpy(np.int64)
    return Known(stack(rows, "probabilities"), stack(rows, "embedding"), truth, _groups(rows))


def _groups(rows: pd.DataFrame) -> list[str]:
    return list(rows["group"].astype(str))

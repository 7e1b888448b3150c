"""Rows of the prediction log as answers: each content once, with the session or group that it stands or falls with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.predictions.grouped import Floats
from evaluation.predictions.predictions import Predictions
from monitoring.arrays import stack

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """What the champion said of distinct samples, in the order in which it was asked.

    Attributes:
        rows: of the log; columns hash, probabilities, and where there are such group, session, time, label, labelled.
        classes: of the package, which name the probabilities.
    """

    rows: pd.DataFrame
    classes: tuple[str, ...]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.rows)

    @property
    def probabilities(self) -> Floats:
        """Probabilities [N, K]."""
        return stack(self.rows, "probabilities")

    @property
    def embeddings(self) -> Floats:
        """Embeddings [N, D]."""
        return stack(self.rows, "embedding")

    @property
    def confidence(self) -> Floats:
        """How sure the champion is of its answer [N]."""
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def blocks(self) -> list[str]:
        """What each sample stands or falls with: its session, else its group, else itself."""
        return list(_filled(self.rows, ("session", "group", "hash")))

    @property
    def labelled(self) -> Bools:
        """Which samples have a label."""
        return self.rows["label"].notna().to_numpy(dtype=bool)

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "Answers":
        """The samples at these places."""
        return Answers(self.rows.iloc[rows], self.classes)

    def judged(self, weights: Floats) -> Predictions:
        """Labelled samples beside their labels; one whose class the champion has never heard of cannot be right."""
        strange = tuple(sorted({*self.rows["label"]} - {*self.classes}))
        classes = (*self.classes, *strange)
        said = np.pad(self.probabilities, ((0, 0), (0, len(strange))))
        truth = self.rows["label"].map(classes.index).to_numpy(np.int64)
        nothing = pd.DataFrame(index=range(len(self)))
        return Predictions(list(self.rows["hash"]), truth, said, weights, self.blocks, nothing, classes, strange)


def answers_of(rows: pd.DataFrame, classes: Sequence[str]) -> Answers:
    """What could be answered; a sample that was asked for several times counts once, as it was first."""
    usable = rows[rows["error"].isna()].drop_duplicates("hash", keep="first")
    return Answers(usable.reset_index(drop=True), tuple(classes))


def _filled(rows: pd.DataFrame, names: Sequence[str]) -> "pd.Series[str]":
    """The first of these columns that says something, told apart by its name."""
    found = pd.Series(None, index=rows.index, dtype=object)
    for name in names:
        if name in rows:
            said = rows[name].replace("", None)
            found = found.where(found.notna(), name + "/" + said.astype("string"))
    return found.astype(str)

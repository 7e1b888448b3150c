"""How good a model is in words for people: class by class, and what it takes for what."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.predictions.predictions import Predictions


@dataclass(frozen=True)
class ClassRow:
    """One class: its test samples, the share of them that is found, and the share of what is called so that is right.

    `recall` is nan without a sample, `precision` where nothing was called so. `rival` is the recall of the model that
    it is compared with.
    """

    name: str
    samples: int
    recall: float
    precision: float
    rival: float | None = None


@dataclass(frozen=True)
class Confusion:
    """Samples of one class that were called another."""

    truth: str
    said: str
    samples: int
    of: int

    @property
    def text(self) -> str:
        """One line for people."""
        return f"{self.truth} taken for {self.said}: {self.samples} of {self.of}"


def class_rows(predictions: Predictions, rival: Predictions | None = None) -> tuple[ClassRow, ...]:
    """Every class, the one that is found least first; samples are counted without their weights."""
    matrix = _matrix(predictions)
    recall, other = _recall(matrix), None if rival is None else _recall(_matrix(rival))
    precision = _divided(np.diag(matrix), matrix.sum(axis=0))
    rows = [
        ClassRow(
            name, int(matrix[at].sum()), float(recall[at]), float(precision[at]), None if other is None else other[at]
        )
        for at, name in enumerate(predictions.classes)
    ]
    return tuple(sorted(rows, key=lambda row: (np.isnan(row.recall), row.recall)))


def confusions(predictions: Predictions, count: int) -> tuple[Confusion, ...]:
    """The `count` commonest mistakes, by number of samples."""
    matrix, names = _matrix(predictions), predictions.classes
    totals = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    places = [divmod(int(place), len(names)) for place in np.argsort(-matrix, axis=None, kind="stable")[:count]]
    return tuple(
        Confusion(names[truth], names[said], int(matrix[truth, said]), int(totals[truth]))
        for truth, said in places
        if matrix[truth, said]
    )


def _matrix(predictions: Predictions) -> npt.NDArray[np.int64]:
    """Counts [K, K]: truth down, prediction across."""
    count = len(predictions.classes)
    cells = predictions.truth * count + predictions.decisions
    return np.bincount(cells, minlength=count * count).reshape(count, count).astype(np.int64)


def _recall(matrix: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return _divided(np.diag(matrix), matrix.sum(axis=1))


def _divided(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    shares = np.full(len(part), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares

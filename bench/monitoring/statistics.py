"""What was tried as a signal of drift: the larger, the less a window is like its reference.

Rows that come one by one need no null of blocks, so that here each is but a number.
"""

from collections.abc import Callable

import numpy as np

from bench.monitoring.rivals import plain_bbsd
from evaluation.predictions.grouped import Floats
from monitoring.arrays import Array
from monitoring.nulls.blocks import Places
from monitoring.signals.two_sample import kolmogorov_smirnov, tail

FOLDS, RIDGE = 2, 1e-2


class Sides:
    """A reference [N, ...] with what is computed of it once: components of embeddings, probabilities."""

    def __init__(self, components: Array, said: Floats) -> None:
        self.components, self.said = components, said
        squares = _squares(components, components)
        self.width = 2 * float(np.median(squares[np.triu_indices(len(squares), 1)]))
        self.alike = float(np.exp(-squares / self.width).mean())
        self.precision = np.linalg.pinv(np.cov(said[:, 1:].T).reshape(said.shape[1] - 1, -1), rcond=1e-6)


def mmd(known: Sides, components: Array, said: Floats) -> float:
    """Squared discrepancy by a Gaussian kernel at the median distance."""
    mine, across = _squares(components, components), _squares(components, known.components)
    return float(known.alike + np.exp(-mine / known.width).mean() - 2 * np.exp(-across / known.width).mean())


def ks(known: Sides, components: Array, said: Floats) -> float:
    """Largest Kolmogorov-Smirnov distance over the classes."""
    both, sides = np.concatenate([known.said, said]), tail(len(known.said), len(said))
    return max(float(kolmogorov_smirnov(both[:, one], *sides)[0]) for one in range(1, said.shape[1]))


def auc(known: Sides, components: Array, said: Floats) -> float:
    """How well a linear classifier tells window and reference apart, on samples that it has not seen."""
    rows = np.concatenate([known.components, components])
    mine = np.arange(len(rows)) >= len(known.components)
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    scores = np.concatenate([_told(rows, mine, fold, one) for one in range(FOLDS)])
    order = np.concatenate([np.flatnonzero(fold == one) for one in range(FOLDS)])
    ranks = scores.argsort().argsort()[mine[order]] + 1
    count = int(mine.sum())
    return float((ranks.sum() - count * (count + 1) / 2) / (count * (len(rows) - count)))


def label_shift(known: Sides, components: Array, said: Floats) -> float:
    """Distance of the mean probabilities, in units of their spread."""
    apart = said[:, 1:].mean(axis=0) - known.said[:, 1:].mean(axis=0)
    return float(apart @ known.precision @ apart)


def bbsd(known: Sides, components: Array, said: Floats) -> float:
    """The others' tests of the same distances: the smaller the p-value, the larger."""
    return -plain_bbsd(known.said, said)


STATISTICS: dict[str, Callable[[Sides, Array, Floats], float]] = {
    "mmd": mmd, "ks": ks, "auc": auc, "label_shift": label_shift, "bbsd": bbsd,
}  # fmt: skip


def _squares(one: Array, other: Array) -> Array:
    found: Array = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None] - 2 * one @ other.T
    return np.maximum(found, 0)


def _told(rows: Array, mine: "np.typing.NDArray[np.bool_]", fold: Places, held: int) -> Array:
    """Scores of the rows of one fold by Fisher's discriminant of the others."""
    learn = fold != held
    first, second = rows[learn & mine], rows[learn & ~mine]
    within = np.cov(np.concatenate([first - first.mean(axis=0), second - second.mean(axis=0)]).T)
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    scores: Array = rows[fold == held] @ np.linalg.solve(within, first.mean(axis=0) - second.mean(axis=0))
    return scores - float(np.median(scores))

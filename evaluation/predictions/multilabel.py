"""Samples with any number of labels: weighted metrics of many weightings at once, as metrics.py has them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.errors import EvaluationError
from evaluation.predictions.grouped import Floats, Grouped, check_weights
from evaluation.predictions.metrics import binary_ap, divide, mean, nanmean

Bools = npt.NDArray[np.bool_]
THRESHOLD = 0.5  # a label is said from this probability on


@dataclass(frozen=True, eq=False)
class MultilabelPredictions(Grouped):
    """Independent probabilities of L labels beside the truth, one row a sample; checked when it is made.

    Attributes:
        truth: bool [N, L].
        probabilities: float64 [N, L], each in 0..1; rows need not sum to 1.
        weights: float64 [N], not negative, not all zero.
        groups: name of the group of every sample.
        labels: names of the L labels.

    Raises:
        EvaluationError: shapes or ranges do not hold.
    """

    truth: Bools
    probabilities: Floats
    weights: Floats
    groups: list[str]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuses what no metric could judge."""
        expected = (len(self.groups), len(self.labels))
        shapes = {self.truth.shape, self.probabilities.shape, (len(self.weights), len(self.labels))}
        if shapes != {expected} or 0 in expected:
            found = ", ".join(map(str, sorted(shapes)))
            raise EvaluationError(f"shapes {found} for {expected}; give one row a sample and one column a label")
        if self.truth.dtype != np.bool_:
            raise EvaluationError(f"truth is {self.truth.dtype}; it must be bool [N, L]; compare it with 1 first")
        if not ((self.probabilities >= 0) & (self.probabilities <= 1)).all():
            raise EvaluationError("a probability is nan or outside 0..1; apply the sigmoid, check the model for NaN")
        check_weights(self.weights)


def macro_f1(truth: Bools, probabilities: Floats, weights: Floats) -> Floats:
    """Mean F1 of the labels that occur in truth or prediction."""
    hits, support, said = _counts(truth, probabilities, weights)
    return nanmean(divide(2 * hits, support + said))


def micro_f1(truth: Bools, probabilities: Floats, weights: Floats) -> Floats:
    """F1 of all decisions together, whatever their label; nan where no label is true or said."""
    hits, support, said = (counts.sum(axis=1) for counts in _counts(truth, probabilities, weights))
    return divide(2 * hits, support + said)


def mean_ap(truth: Bools, probabilities: Floats, weights: Floats) -> Floats:
    """Mean average precision of the labels that occur in the truth; nan where none does."""
    each = [binary_ap(truth[:, label], probabilities[:, label], weights) for label in range(truth.shape[1])]
    return nanmean(np.stack(each, axis=1))


def subset_accuracy(truth: Bools, probabilities: Floats, weights: Floats) -> Floats:
    """Share of the weight on samples whose labels are all right."""
    return mean(weights, ((probabilities >= THRESHOLD) == truth).all(axis=1).astype(np.float64))


def hamming_loss(truth: Bools, probabilities: Floats, weights: Floats) -> Floats:
    """Share of wrong decisions among all labels of all samples."""
    return mean(weights, ((probabilities >= THRESHOLD) != truth).mean(axis=1))


def _counts(truth: Bools, probabilities: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Weight of the hits, of the true and of the said labels, each [R, L]."""
    actual, said = truth.astype(np.float64), (probabilities >= THRESHOLD).astype(np.float64)
    return weights @ (actual * said), weights @ actual, weights @ said


MULTILABEL_METRICS: dict[str, Callable[[Bools, Floats, Floats], Floats]] = {
    "macro_f1": macro_f1,
    "micro_f1": micro_f1,
    "mean_ap": mean_ap,
    "subset_accuracy": subset_accuracy,
    "hamming_loss": hamming_loss,
}

"""Weighted classification metrics that judge many weightings of the same predictions at once.

Every metric takes a matrix of weights, one row a weighting, and returns one value a row. A plain score is one row,
a bootstrap is a thousand: there is one implementation, and it equals scikit-learn's with `sample_weight`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from evaluation.errors import EvaluationError
from evaluation.predictions.grouped import Floats
from evaluation.predictions.predictions import Predictions

MetricName = Literal["accuracy", "balanced_accuracy", "f1", "auc", "ap", "log_loss", "brier"]
PRECISION = float(np.finfo(np.float64).eps)
Batch = Callable[[npt.NDArray[np.int64], Floats, Floats], Floats]


@dataclass(frozen=True)
class Metric:
    """A metric: its name, `batch` (truth [N], probabilities [N, K], weights [R, N] -> [R]) and its direction.

    `hits`: it counts what is right, `balanced`: every class counts the same. `best` and `worst` end its scale.
    `takes_unknown`: a class that a model has never heard of can be counted as wrong without drowning everything else.
    """

    name: str
    batch: Batch
    greater_is_better: bool
    hits: bool = False
    balanced: bool = False
    best: float = 1.0
    worst: float = 0.0
    takes_unknown: bool = True

    def function(self, truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> float:
        """Judges one weighting [N]; nan where the metric is undefined."""
        return float(self.batch(truth, probabilities, np.asarray(weights, dtype=np.float64)[None])[0])


def metric_named(name: str) -> Metric:
    """Returns the metric of that name.

    Raises:
        EvaluationError: there is none.
    """
    if name not in METRICS:
        raise EvaluationError(f"metric {name!r} does not exist; choose one of {', '.join(METRICS)}")
    return METRICS[name]


def score(predictions: Predictions) -> dict[str, float]:
    """Judges predictions by every metric, and by accuracy and AUC without the weights; nan where undefined."""
    truth, probabilities = predictions.truth, predictions.probabilities
    scores = {name: metric.function(truth, probabilities, predictions.weights) for name, metric in METRICS.items()}
    ones = np.ones(len(predictions))
    plain = {f"unweighted_{name}": METRICS[name].function(truth, probabilities, ones) for name in ("accuracy", "auc")}
    return scores | plain


def accuracy(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Share of the weight on samples whose likeliest class is the true one."""
    return mean(weights, (probabilities.argmax(axis=1) == truth).astype(np.float64))


def balanced_accuracy(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Mean recall of the classes that occur in the truth; nan where only one occurs."""
    hits, support, _ = _counts(truth, probabilities, weights)
    recall = divide(hits, support)
    return np.where((support > 0).sum(axis=1) > 1, nanmean(recall), np.nan)


def f1(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """F1 of the last class (binary), or the mean F1 of the classes that occur in truth or prediction (multiclass)."""
    hits, support, predicted = _counts(truth, probabilities, weights)
    each = divide(2 * hits, support + predicted)
    return each[:, 1] if probabilities.shape[1] == 2 else nanmean(each)


def auc(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Area under the ROC curve: of the last class (binary), or the mean one-versus-rest area (multiclass).

    A class that is absent from the truth, or is all of it, has no area and does not count; nan where none has one.
    """
    count = probabilities.shape[1]
    columns = [1] if count == 2 else range(count)
    areas = [_binary_auc(truth == column, probabilities[:, column], weights) for column in columns]
    return nanmean(np.stack(areas, axis=1))


def average_precision(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Average precision of the last class (binary), or the mean one-versus-rest (multiclass).

    A class that is absent from the truth has none and does not count; nan where none has one.
    """
    count = probabilities.shape[1]
    columns = [1] if count == 2 else range(count)
    return nanmean(np.stack([binary_ap(truth == column, probabilities[:, column], weights) for column in columns], 1))


def log_loss(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Mean negative log of the true class's probability, in nats, clipped at machine precision as scikit-learn does."""
    chosen = probabilities[np.arange(len(truth)), truth]
    return mean(weights, -np.log(np.clip(chosen, PRECISION, 1 - PRECISION)))


def brier(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Mean squared error of the probabilities: in 0..1 (binary, as Brier 1950 halved) or 0..2 (multiclass, the sum)."""
    errors = ((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(axis=1)
    return mean(weights, errors / 2 if probabilities.shape[1] == 2 else errors)


def binary_ap(positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats) -> Floats:
    """Sum over the distinct scores of precision times gain in recall [R], not interpolated; nan without positives."""
    order = np.argsort(-scores, kind="stable")
    ordered, starts = weights[:, order], np.flatnonzero(np.diff(-scores[order], prepend=-np.inf))
    gained = _ties_summed(ordered * positive[order], starts)
    found, all_above = np.cumsum(gained, axis=1), np.cumsum(_ties_summed(ordered, starts), axis=1)
    precision = np.divide(found, all_above, out=np.zeros_like(found), where=all_above > 0)
    return divide((gained * precision).sum(axis=1), found[:, -1])


def _binary_auc(positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats) -> Floats:
    """Weighted Mann-Whitney statistic [R]: a tie between a positive and a negative counts half."""
    order = np.argsort(scores, kind="stable")
    ordered, starts = weights[:, order], np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    positives = _ties_summed(ordered * positive[order], starts)
    negatives = _ties_summed(ordered * ~positive[order], starts)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    return divide((positives * below).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))


def _ties_summed(ordered: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Weights [R, N] in the order of the scores, summed where scores are equal; `starts` is where each begins."""
    return ordered if len(starts) == ordered.shape[1] else np.add.reduceat(ordered, starts, axis=1)


def _counts(truth: npt.NDArray[np.int64], probabilities: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Weight of the hits, of the true and of the predicted samples of every class, each [R, K]."""
    unit = np.eye(probabilities.shape[1])
    actual, predicted = unit[truth], unit[probabilities.argmax(axis=1)]
    return weights @ (actual * predicted), weights @ actual, weights @ predicted


def mean(weights: Floats, values: Floats) -> Floats:
    """Weighted means [R] of values [N]."""
    return divide(weights @ values, weights.sum(axis=1))


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divides; nan (and no warning) where the denominator is 0."""
    result = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def nanmean(values: Floats) -> Floats:
    """Mean over the columns [R, K] -> [R] without what is undefined; nan (and no warning) where all is."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1).astype(np.float64))


METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", accuracy, greater_is_better=True, hits=True),
    "balanced_accuracy": Metric(
        "balanced_accuracy", balanced_accuracy, greater_is_better=True, hits=True, balanced=True
    ),
    "f1": Metric("f1", f1, greater_is_better=True, hits=True, balanced=True),
    "auc": Metric("auc", auc, greater_is_better=True, balanced=True),
    "ap": Metric("ap", average_precision, greater_is_better=True, balanced=True),
    "log_loss": Metric(
        "log_loss", log_loss, greater_is_better=False, best=0.0, worst=-math.log(PRECISION),
        takes_unknown=False,
    ),
    "brier": Metric("brier", brier, greater_is_better=False, best=0.0, worst=2.0),
}  # fmt: skip

"""Predicted numbers: weighted metrics of many weightings at once, as metrics.py has them for classes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.errors import EvaluationError
from evaluation.predictions.grouped import Floats, Grouped, check_weights
from evaluation.predictions.metrics import divide, mean


@dataclass(frozen=True, eq=False)
class RegressionPredictions(Grouped):
    """Predicted numbers beside the true ones, one a sample; checked when it is made.

    Attributes:
        truth: float64 [N].
        predicted: float64 [N], in the same unit.
        weights: float64 [N], not negative, not all zero.
        groups: name of the group of every sample.

    Raises:
        EvaluationError: lengths differ, there is no sample, or a number is not finite.
    """

    truth: Floats
    predicted: Floats
    weights: Floats
    groups: list[str]

    def __post_init__(self) -> None:
        """Refuses what no metric could judge."""
        shapes = {self.truth.shape, self.predicted.shape, self.weights.shape, (len(self.groups),)}
        if len(shapes) > 1 or shapes == {(0,)}:
            found = ", ".join(map(str, sorted(shapes)))
            raise EvaluationError(f"shapes {found}; truth, predicted, weights and groups need one number a sample")
        if not (np.isfinite(self.truth) & np.isfinite(self.predicted)).all():
            raise EvaluationError("a true or predicted number is not finite; check labels and model for NaN")
        check_weights(self.weights)


def mae(truth: Floats, predicted: Floats, weights: Floats) -> Floats:
    """Mean absolute error."""
    return mean(weights, np.abs(predicted - truth))


def rmse(truth: Floats, predicted: Floats, weights: Floats) -> Floats:
    """Root of the mean squared error."""
    return np.sqrt(mean(weights, (predicted - truth) ** 2))


def r2(truth: Floats, predicted: Floats, weights: Floats) -> Floats:
    """Share of the truth's variance that is explained, at most 1; nan where the truth has none."""
    centred = truth - truth.mean()  # for the precision of what follows only
    variance = mean(weights, centred**2) - mean(weights, centred) ** 2
    level = np.finfo(np.float64).eps * mean(weights, centred**2) * len(truth)
    return 1 - divide(mean(weights, (predicted - truth) ** 2), np.where(variance > level, variance, 0.0))


def median_absolute_error(truth: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The absolute error that half the weight does not exceed; between two where the halves are equal."""
    errors = np.abs(predicted - truth)
    order = np.argsort(errors, kind="stable")
    below = np.cumsum(weights[:, order], axis=1)
    half = below[:, -1:] / 2
    ends = [(below >= half).argmax(axis=1), (below > half).argmax(axis=1)]
    return np.asarray(errors[order][np.stack(ends)].mean(axis=0))


REGRESSION_METRICS: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "mae": mae,
    "rmse": rmse,
    "r2": r2,
    "median_absolute_error": median_absolute_error,
}

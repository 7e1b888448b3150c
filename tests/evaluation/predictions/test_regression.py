"""Regression metrics equal scikit-learn's, and refuse what they cannot judge."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling, intervals_of
from evaluation.inference.interval import Interval
from evaluation.predictions.regression import REGRESSION_METRICS, RegressionPredictions

REFERENCE: dict[str, Callable[..., float]] = {
    "mae": sk.mean_absolute_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "median_absolute_error": sk.median_absolute_error,
}


def make(**changes: Any) -> RegressionPredictions:
    """A hundred numbers around a thousand, weighted, in pairs."""
    generator = np.random.default_rng(0)
    truth = generator.normal(1000, 3, 100)
    parts: dict[str, Any] = {
        "truth": truth,
        "predicted": truth + generator.normal(0.5, 1, 100),
        "weights": generator.uniform(0.1, 2, 100),
        "groups": [f"g{row // 2}" for row in range(100)],
    }
    return RegressionPredictions(**(parts | changes))


def intervals(said: RegressionPredictions) -> dict[str, Interval]:
    """Every metric with its interval."""
    return intervals_of(REGRESSION_METRICS, (said.truth, said.predicted), said, Resampling(seed=0, resamples=200))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_batch__equals_sklearn(name: str, whole: bool) -> None:
    """Each row of weights gives what scikit-learn gives for it, resampled counts included."""
    said, generator = make(), np.random.default_rng(1)
    weights = generator.integers(0, 3, (3, 100)).astype(float) if whole else generator.uniform(0.1, 2, (3, 100))
    expected = [REFERENCE[name](said.truth, said.predicted, sample_weight=row) for row in weights]
    assert REGRESSION_METRICS[name](said.truth, said.predicted, weights) == pytest.approx(expected, rel=1e-9)


def test_intervals__around_the_estimates() -> None:
    """Every metric has its estimate between the ends of its interval."""
    found = intervals(make())
    assert set(found) == set(REGRESSION_METRICS)
    assert all(one.low < one.value < one.high for one in found.values())


def test_r2__of_a_constant_truth() -> None:
    """Without variance in the truth there is nothing to explain: nan."""
    assert math.isnan(intervals(make(truth=np.full(100, 0.1)))["r2"].value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"predicted": np.zeros(99)}, "one number a sample"),
        ({"truth": np.full(100, np.inf)}, "not finite"),
        ({"weights": np.zeros(100)}, "not all zero"),
    ],
)
def test_regression_predictions__refuses(changes: dict[str, Any], message: str) -> None:
    """Every broken part is one error that says what."""
    with pytest.raises(EvaluationError, match=message):
        make(**changes)

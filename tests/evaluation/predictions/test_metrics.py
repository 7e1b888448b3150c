"""Metrics equal scikit-learn's, weighting by weighting."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from evaluation.errors import EvaluationError
from evaluation.predictions.metrics import METRICS, metric_named, score
from evaluation.predictions.predictions import Predictions


def random_case(classes: int, *, ties: bool, seed: int = 3) -> tuple[Any, Any, Any]:
    """Truth [200], probabilities [200, K] (rounded where ties are wanted) and three weightings [3, 200], some zero."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(classes, size=200)
    raw = generator.dirichlet(np.ones(classes), size=200) + 0.3 * np.eye(classes)[truth]
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    if ties:
        probabilities[:, 0] = np.round(probabilities[:, 0], 1)
        probabilities[:, 1:] *= ((1 - probabilities[:, 0]) / probabilities[:, 1:].sum(axis=1))[:, None]
    weights = generator.uniform(0, 2, size=(3, 200))
    weights[:, ::7] = 0
    return truth, probabilities, weights


BINARY: dict[str, Callable[..., float]] = {
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: sk.balanced_accuracy_score(y, p.argmax(1), sample_weight=w),
    "f1": lambda y, p, w: sk.f1_score(y, p.argmax(1), sample_weight=w),
    "auc": lambda y, p, w: sk.roc_auc_score(y, p[:, 1], sample_weight=w),
    "ap": lambda y, p, w: sk.average_precision_score(y, p[:, 1], sample_weight=w),
    "log_loss": lambda y, p, w: sk.log_loss(y, p, sample_weight=w),
    "brier": lambda y, p, w: sk.brier_score_loss(y, p[:, 1], sample_weight=w),
}
MULTICLASS = BINARY | {
    "f1": lambda y, p, w: sk.f1_score(y, p.argmax(1), sample_weight=w, average="macro"),
    "auc": lambda y, p, w: sk.roc_auc_score(y, p, sample_weight=w, multi_class="ovr", average="macro"),
    "ap": lambda y, p, w: sk.average_precision_score(y, p, sample_weight=w),
    "brier": lambda y, p, w: sk.brier_score_loss(y, p, sample_weight=w, labels=range(4), scale_by_half=False),
}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_batch__equals_sklearn_binary(name: str, ties: bool) -> None:
    """Every row of weights gives what scikit-learn gives for it, ties included."""
    truth, probabilities, weights = random_case(2, ties=ties)
    expected = [BINARY[name](truth, probabilities, row) for row in weights]
    assert METRICS[name].batch(truth, probabilities, weights) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_batch__equals_sklearn_multiclass(name: str, ties: bool) -> None:
    """The same for four classes."""
    truth, probabilities, weights = random_case(4, ties=ties)
    expected = [MULTICLASS[name](truth, probabilities, row) for row in weights]
    assert METRICS[name].batch(truth, probabilities, weights) == pytest.approx(expected, abs=1e-12)


def test_batch__whole_weights_are_repetitions() -> None:
    """Weight two is the sample twice: what the bootstrap stands on."""
    truth, probabilities, _ = random_case(2, ties=True)
    times = np.random.default_rng(0).integers(0, 3, size=len(truth))
    rows = np.repeat(np.arange(len(truth)), times)
    for metric in METRICS.values():
        repeated = metric.function(truth[rows], probabilities[rows], np.ones(len(rows)))
        assert metric.function(truth, probabilities, times) == pytest.approx(repeated, abs=1e-12)


@pytest.mark.parametrize("name", ["auc", "ap", "balanced_accuracy"])
def test_function__is_nan_with_one_class(name: str) -> None:
    """What needs two classes is undefined with one."""
    _, probabilities, weights = random_case(2, ties=False)
    assert math.isnan(METRICS[name].function(np.zeros(200, dtype=np.int64), probabilities, weights[0]))


def test_function__averages_the_classes_that_occur() -> None:
    """A class that is missing from a resample leaves the area of the others."""
    truth, probabilities, weights = random_case(4, ties=False)
    weights[0][truth == 3] = 0
    for name, reference in {"auc": sk.roc_auc_score, "ap": sk.average_precision_score}.items():
        areas = [reference(truth == k, probabilities[:, k], sample_weight=weights[0]) for k in range(3)]
        assert METRICS[name].function(truth, probabilities, weights[0]) == pytest.approx(np.mean(areas))


def test_metric_named__unknown() -> None:
    """A metric that does not exist is an error that lists those that do."""
    with pytest.raises(EvaluationError, match="'acc' does not exist; choose one of accuracy"):
        metric_named("acc")


def test_score__weighted_and_plain() -> None:
    """Weights change accuracy, and the plain accuracy stands beside it."""
    truth, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]])
    slices = pd.DataFrame(index=range(2))
    found = score(Predictions(["a", "b"], truth, probabilities, np.array([3.0, 1.0]), ["a", "b"], slices, ("n", "y")))
    assert (found["accuracy"], found["unweighted_accuracy"]) == (0.75, 0.5)
    assert found["auc"] == 0.5
    assert set(found) == {*METRICS, "unweighted_accuracy", "unweighted_auc"}

"""Multi-label metrics equal scikit-learn's, and refuse what they cannot judge."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling, intervals_of
from evaluation.inference.interval import Interval
from evaluation.predictions.multilabel import MULTILABEL_METRICS, MultilabelPredictions

REFERENCE: dict[str, Callable[..., float]] = {
    "macro_f1": lambda y, p, w: sk.f1_score(y, p >= 0.5, average="macro", sample_weight=w),
    "micro_f1": lambda y, p, w: sk.f1_score(y, p >= 0.5, average="micro", sample_weight=w),
    "mean_ap": lambda y, p, w: sk.average_precision_score(y, p, sample_weight=w),
    "subset_accuracy": lambda y, p, w: sk.accuracy_score(y, p >= 0.5, sample_weight=w),
    "hamming_loss": lambda y, p, w: sk.hamming_loss(y, p >= 0.5, sample_weight=w),
}


def make(**changes: Any) -> MultilabelPredictions:
    """A hundred samples of three labels, weighted, in pairs, with ties among the probabilities."""
    generator = np.random.default_rng(0)
    truth = generator.random((100, 3)) < 0.4
    parts: dict[str, Any] = {
        "truth": truth,
        "probabilities": np.round(np.clip(0.4 * truth + generator.random((100, 3)) * 0.7, 0, 1), 1),
        "weights": generator.uniform(0, 2, 100),
        "groups": [f"g{row // 2}" for row in range(100)],
        "labels": ("dent", "rust", "scratch"),
    }
    return MultilabelPredictions(**(parts | changes))


def intervals(said: MultilabelPredictions) -> dict[str, Interval]:
    """Every metric with its interval."""
    return intervals_of(MULTILABEL_METRICS, (said.truth, said.probabilities), said, Resampling(seed=0, resamples=200))


@pytest.mark.parametrize("name", MULTILABEL_METRICS)
def test_batch__equals_sklearn(name: str) -> None:
    """Each row of weights gives what scikit-learn gives for it."""
    said = make()
    weights = np.random.default_rng(1).uniform(0, 2, (3, 100))
    expected = [REFERENCE[name](said.truth, said.probabilities, row) for row in weights]
    assert MULTILABEL_METRICS[name](said.truth, said.probabilities, weights) == pytest.approx(expected, abs=1e-12)


def test_intervals__around_the_estimates() -> None:
    """Every metric has its estimate between the ends of its interval."""
    found = intervals(make())
    assert set(found) == set(MULTILABEL_METRICS)
    assert all(one.low < one.value < one.high for one in found.values())


def test_intervals__a_label_that_never_occurs() -> None:
    """A label without a true sample leaves the mean of the others."""
    truth = make().truth.copy()
    truth[:, 2] = False
    found = intervals(make(truth=truth))["mean_ap"]
    two = make().probabilities[:, :2]
    assert found.value == pytest.approx(sk.average_precision_score(truth[:, :2], two, sample_weight=make().weights))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("dent", "rust")}, "one column a label"),
        ({"groups": []}, "one row a sample"),
        ({"truth": np.ones((100, 3), dtype=np.int64)}, "truth is int64"),
        ({"probabilities": np.full((100, 3), np.nan)}, "nan or outside"),
        ({"weights": np.zeros(100)}, "not all zero"),
    ],
)
def test_multilabel_predictions__refuses(changes: dict[str, Any], message: str) -> None:
    """Every broken part is one error that says what."""
    with pytest.raises(EvaluationError, match=message):
        make(**changes)

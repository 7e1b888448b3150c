"""What was to be expected: of unweighted samples, with the gate's margin."""

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from evaluation.predictions.predictions import Predictions
from monitoring.performance.config import PerformanceConfig
from monitoring.performance.expectation import Expectation, expected_of, watched_metric
from registry.gate.config import GateConfig


@pytest.fixture
def predictions():
    """80 of 100 right; the wrong ones have a tenth of the weight."""
    wrong = np.arange(100) < 20
    said = np.stack([np.full(100, 0.7), np.full(100, 0.3)], axis=1)
    return Predictions(
        hashes=[str(place) for place in range(100)],
        truth=wrong.astype(np.int64),
        probabilities=said,
        weights=np.where(wrong, 0.1, 1.0),
        groups=[str(place) for place in range(100)],
        slices=pd.DataFrame(index=range(100)),
        classes=("a", "b"),
    )


def test_expected_of__as_traffic_is(predictions):
    """Weights of the manifest do not count; the loss that is borne is the usual share of the error."""
    found = expected_of(predictions, GateConfig(metric="accuracy", floor=0), PerformanceConfig())
    assert (found.metric, found.interval.value) == ("accuracy", 0.8)
    assert found.interval.low < 0.75
    assert np.isclose(found.tolerance, 0.05)


def test_expected_of__brier_error(predictions):
    """Of a metric that should be small the error is its own value."""
    found = expected_of(predictions, GateConfig(metric="brier", floor=1), PerformanceConfig())
    assert np.isclose(found.interval.value, 0.8 * 0.09 + 0.2 * 0.49)
    assert np.isclose(found.tolerance, found.interval.value / 4)


def test_expected_of__level(predictions):
    """Half of the false claims may come from the lower end."""
    gate = GateConfig(metric="accuracy", floor=0)
    strict, lax = (expected_of(predictions, gate, PerformanceConfig(false_claims=share)) for share in (0.01, 0.2))
    assert strict.interval.low < lax.interval.low


@pytest.mark.parametrize(
    ("metric", "classes", "watched"),
    [("auc", 2, "auc"), ("auc", 3, "accuracy"), ("brier", 3, "brier"), ("f1", 2, "accuracy")],
)
def test_watched_metric(metric, classes, watched):
    """The gate's metric where a stream of labels can be tested by it, else accuracy."""
    assert watched_metric(metric, classes) == watched


def test_loss__ends():
    """A loss is positive, and its ends hold what both values leave open."""
    found = Expectation("accuracy", Interval(0.9, 0.86, 0.93), 0.02).loss(Interval(0.8, 0.72, 0.83))
    assert np.allclose(
        [found.value, found.low, found.high], [0.1, 0.1 - np.hypot(0.04, 0.03), 0.1 + np.hypot(0.03, 0.08)]
    )


def test_loss__of_an_error():
    """A Brier score that rose is a loss."""
    found = Expectation("brier", Interval(0.1, 0.09, 0.12), 0.02).loss(Interval(0.3, 0.26, 0.35))
    assert np.allclose(
        [found.value, found.low, found.high], [0.2, 0.2 - np.hypot(0.04, 0.02), 0.2 + np.hypot(0.05, 0.01)]
    )


@pytest.mark.parametrize(("metric", "bound"), [("accuracy", 0.5), ("brier", 0.8)])
def test_bound__beyond_the_worse_end(metric, bound):
    """Harm begins where more than the tolerance is lost from the worse end."""
    assert np.isclose(Expectation(metric, Interval(0.65, 0.6, 0.7), 0.1).bound, bound)


@pytest.mark.parametrize(("metric", "value", "low", "high"), [("accuracy", 0.7, 0.3, 0.9), ("brier", 0.9, 0.7, 1.3)])
def test_after__an_uneven_loss(metric: str, value: float, low: float, high: float) -> None:
    """A loss of 0.1 that may be 0.5, or a gain of 0.1, leaves so much; what is lost of a Brier score is added to it."""
    found = Expectation(metric, Interval(0.8, 0.8, 0.8), 0.0).after(Interval(0.1, -0.1, 0.5))
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high))

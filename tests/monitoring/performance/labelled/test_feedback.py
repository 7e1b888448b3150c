"""The champion by its labels: what it lost, whether that is proven, and which labels are missing."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from monitoring.performance.config import PerformanceConfig
from monitoring.performance.expectation import Expectation
from monitoring.performance.labelled.feedback import measure_labelled
from monitoring.performance.labelled.gathered import gather

CONFIG = PerformanceConfig(resamples=200)
NOW = pd.Timestamp("2026-06-01", tz="UTC")


def measured(frame, expectation, config=CONFIG, classes=("a", "b")):
    """What is found of these rows."""
    gathered = gather([frame], classes, expectation, config.window)
    return measure_labelled(gathered, expectation, config, NOW)


def test_measure_labelled__no_label(rows, expectation):
    """Nothing is known without a label."""
    assert measured(rows(np.ones(9, bool), labelled=False), expectation) is None


def test_measure_labelled__harm(rows, expectation):
    """A fall of twenty points after a thousand good answers is proven; the value is that of the newest rows."""
    random = np.random.default_rng(0)
    right = np.concatenate([random.random(1000) < 0.9, random.random(500) < 0.7])
    found = measured(rows(right), expectation)
    assert found.value == right[-500:].mean()
    assert found.low < found.value < found.high
    assert np.isclose(found.loss.value, 0.9 - found.value)
    assert (found.rows, found.groups, found.harmed, found.representative) == (500, 500, True, True)
    assert found.e_value >= 40
    assert found.note.startswith("1500 of 1500 labelled, the newest label is 25 hours old")


def test_measure_labelled__small_loss(rows, expectation):
    """Two points less are no harm."""
    random = np.random.default_rng(0)
    found = measured(rows(random.random(1500) < 0.88), expectation)
    assert not found.harmed
    assert found.e_value < 40


def test_measure_labelled__over(rows, expectation):
    """Harm that was proven is over when the newest rows lose no more than what is borne."""
    right = np.concatenate([np.ones(300, bool), np.zeros(100, bool), np.arange(200) % 25 > 2])
    found = measured(rows(right), expectation, PerformanceConfig(resamples=200, window=200))
    assert found.e_value >= 40
    assert not found.harmed


def test_measure_labelled__half_of_the_claims(rows, expectation):
    """Proof is 2 / false_claims: the other half may come from the expectation."""
    frame = rows(np.zeros(12, bool))
    found = measured(frame, expectation)
    assert found.harmed == (found.e_value >= 40)
    share = 2 / found.e_value
    assert measured(frame, expectation, PerformanceConfig(resamples=200, false_claims=share * 1.01)).harmed
    assert not measured(frame, expectation, PerformanceConfig(resamples=200, false_claims=share * 0.99)).harmed


def test_measure_labelled__one_session(rows, expectation):
    """Of a single session there is a value and no interval."""
    found = measured(rows(np.arange(10) % 2 == 0, session=np.zeros(10, int)), expectation)
    assert (found.value, found.groups) == (0.5, 1)
    assert np.isnan([found.low, found.high]).all()


def test_measure_labelled__selected(rows, expectation):
    """A model that is as good as ever is not accused by labels of its doubtful answers alone."""
    random = np.random.default_rng(1)
    sure = random.uniform(0.7, 1.0, 6000)
    right = random.random(6000) < np.where(sure > 0.8, 0.98, 0.72)
    labelled = random.random(6000) < np.where(sure > 0.8, 0.1, 0.9)
    frame = rows(right, confidence=sure, labelled=labelled)
    found = measured(frame, expectation, PerformanceConfig(resamples=200, window=3000))
    assert frame[labelled]["label"].eq("a").mean() < 0.8
    assert abs(found.value - right.mean()) < 0.02
    assert not found.harmed
    assert found.e_value < 40
    assert "weighted by confidence" in found.note


def test_measure_labelled__unlike_the_rest(rows, expectation):
    """Labels of a kind of answer that nothing else is like prove nothing."""
    sure = np.where(np.arange(400) < 300, 0.6, 0.9)
    found = measured(rows(sure > 0.8, confidence=sure, labelled=sure < 0.8), expectation)
    assert found.e_value >= 40
    assert not found.harmed
    assert not found.representative
    assert found.note.endswith("too few are like them: caution")


def test_measure_labelled__late(rows, expectation):
    """Rows that are younger than a label takes have none yet, and it is said so."""
    frame = rows(np.ones(200, bool), labelled=np.arange(200) < 30)
    frame["time"] += timedelta(days=2)
    frame["labelled"] += timedelta(days=2)
    assert measured(frame, expectation).note == (
        "30 of 200 labelled, the newest label is 6 days old; a label takes 24 hours, so that the 23 newest "
        "rows have none yet: the slow are missing"
    )


def test_measure_labelled__hours(rows, expectation):
    """Ages below two days are told in hours; a label of the future is none old."""
    frame = rows(np.ones(5, bool))
    frame["labelled"] = NOW - timedelta(hours=3)
    assert "the newest label is 3 hours old" in measured(frame, expectation).note
    frame["labelled"] = NOW + timedelta(hours=3)
    assert "the newest label is 0 hours old" in measured(frame, expectation).note
    frame["labelled"] = NOW - timedelta(hours=48)
    assert "the newest label is 2 days old" in measured(frame, expectation).note


@pytest.mark.parametrize(("metric", "value"), [("accuracy", 0.5), ("brier", 0.01)])
def test_measure_labelled__new_class(rows, metric, value):
    """A label that the champion does not know is an error to accuracy and nothing to others."""
    frame = rows(np.ones(40, bool))
    frame.loc[::2, "label"] = "new"
    found = measured(frame, Expectation(metric, Interval(0.6, 0.5, 0.7), 0.1))
    assert np.isclose(found.value, value)
    told = "count as errors" if metric == "accuracy" else "are left out of brier"
    assert f"20 labels of classes that it does not know {told}" in found.note

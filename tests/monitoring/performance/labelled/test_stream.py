"""Labels as a stream of independent observations."""

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from evaluation.inference.sequential import late_evidence_below
from monitoring.performance.expectation import Expectation
from monitoring.performance.labelled.gathered import gather
from monitoring.performance.labelled.stream import evidence_of_harm


def evidence(frame, expectation, weights=None):
    """The evidence of these rows."""
    found = gather([frame], ["a", "b"], expectation, 1)
    return evidence_of_harm(found, np.ones(len(frame)) if weights is None else weights, expectation)


def test_evidence_of_harm__sessions_in_order_of_labels(rows, expectation):
    """A session is one observation, where the first of its labels came, as soon as three others have begun."""
    right = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1], bool)
    frame = rows(right, session=[0, 0, 1, 1, 2, 2, 0, 3, 4, 5])
    frame.loc[2, "labelled"] -= pd.Timedelta(days=5)
    means = np.array([0.0, 1 / 3, 1.0])
    assert np.isclose(evidence(frame, expectation), late_evidence_below(means, 0.85, 0, 1))
    assert evidence(frame, expectation) > 1


def test_evidence_of_harm__what_counted_stays(rows, expectation):
    """However the labels of sessions come in between one another, later ones take back nothing."""
    random = np.random.default_rng(0)
    frame = rows(random.random(300) < 0.6, session=np.sort(random.integers(30, size=300)))
    frame["labelled"] += pd.to_timedelta(random.exponential(30, 300), "h")
    order = frame.sort_values("labelled").index
    seen = [evidence(frame.loc[sorted(order[:looked])], expectation) for looked in range(10, 300, 10)]
    assert seen == sorted(seen)
    assert seen[-1] > 100


def test_evidence_of_harm__weights(rows, expectation):
    """A weight below one draws a sample to the bound, so that it says less."""
    frame = rows(np.zeros(7, bool))
    drawn = 0.85 + 0.5 * (0.0 - 0.85)
    found = evidence(frame, expectation, np.full(7, 0.5))
    assert np.isclose(found, late_evidence_below(np.full(4, drawn), 0.85, 0, 1))


@pytest.mark.parametrize(("classes", "halved"), [(("a", "b"), 2), (("a", "b", "c"), 1)])
def test_evidence_of_harm__brier(rows, classes, halved):
    """Errors that are above the bound; between two classes half of the sum, as the metric has it."""
    frame = rows(np.zeros(60, bool), confidence=0.9)
    frame["probabilities"] = [[0.9, 0.1, 0.0][: len(classes)]] * 60
    bound = Expectation("brier", Interval(0.05, 0.04, 0.06), 0.02)
    found = gather([frame], classes, bound, 1)
    wanted = late_evidence_below(np.full(57, -1.62 / halved), -0.08, -2, 0)
    assert np.isclose(evidence_of_harm(found, np.ones(60), bound), wanted)
    assert wanted > 40


def test_evidence_of_harm__ranked(rows):
    """Sessions are taken together until both classes are there; a tie counts half."""
    frame = rows(np.ones(9, bool), session=[0, 0, 1, 2, 2, 2, 3, 4, 5])
    frame["label"] = ["b", "b", "a", "a", "b", "a", "b", "a", "a"]
    positive = np.array([0.6, 0.2, 0.2, 0.9, 0.5, 0.1, 0.3, 0.5, 0.5])
    frame["probabilities"] = list(np.stack([1 - positive, positive], axis=1))
    frame["labelled"] = pd.date_range("2026-01-01", periods=9, tz="UTC")
    areas = np.array([0.75, 0.5])  # of the third session alone; what comes later does not count yet
    bound = Expectation("auc", Interval(0.9, 0.88, 0.92), 0.03)
    assert np.isclose(evidence(frame, bound), late_evidence_below(areas, 0.85, 0, 1))


def test_evidence_of_harm__ranked_without_both(rows):
    """One class alone is no evidence."""
    assert evidence(rows(np.ones(9, bool)), Expectation("auc", Interval(0.9, 0.88, 0.92), 0.03)) == 1

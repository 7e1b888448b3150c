"""A stream that comes in parts is the same as one that comes at once, and leaves little in memory."""

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from monitoring.performance.expectation import Expectation
from monitoring.performance.labelled.gathered import gather


def test_gather__in_parts(rows, expectation):
    """Cut anywhere, it is what it is in one; of the newest labels, in whichever part, all is kept."""
    frame = rows(np.arange(40) % 3 > 0, labelled=np.arange(40) % 2 == 0, confidence=np.linspace(0.6, 0.9, 40))
    frame.loc[4, "labelled"] += pd.Timedelta(days=9)
    whole = gather([frame], ["a", "b"], expectation, 5)
    parts = gather([frame[:7], frame[7:7], frame[7:30], frame[30:]], ["a", "b"], expectation, 5)
    pd.testing.assert_frame_equal(whole.rows, parts.rows)
    assert [*whole.newest.rows["hash"]] == [*parts.newest.rows["hash"]] == ["h32", "h34", "h36", "h38", "h4"]
    assert whole.labelled.sum() == 20
    assert [*whole.rows["confidence"][:2]] == [*np.linspace(0.6, 0.9, 40)[:2]]


def test_gather__a_sample_once(rows, expectation):
    """As it was first, in whichever part it comes again; what failed is none."""
    frame = rows(np.ones(4, bool))
    frame.loc[3, "error"] = "broken"
    found = gather([frame, frame.assign(label="b")], ["a", "b"], expectation, 9)
    assert (len(found.rows), len(found.newest)) == (3, 3)
    assert [*found.rows["score"]] == [1.0, 1.0, 1.0]


def test_gather__blocks(rows, expectation):
    """Samples of a session have one number, others their own."""
    found = gather([rows(np.ones(4, bool), session=[0, 0, 1, 2])], ["a", "b"], expectation, 9)
    assert found.rows["block"].nunique() == 3
    assert found.rows["block"][0] == found.rows["block"][1]


@pytest.mark.parametrize(("metric", "scores"), [("accuracy", [1.0, 0.0]), ("brier", [0.01, 0.81]), ("auc", [0.1, 0.1])])
def test_gather__scores(rows, metric, scores):
    """What a sample adds to each metric; of a ranking its place and side."""
    expectation = Expectation(metric, Interval(0.5, 0.4, 0.6), 0.1)
    found = gather([rows(np.array([True, False]))], ["a", "b"], expectation, 9)
    assert np.allclose(found.rows["score"], scores)
    assert [*found.rows["positive"]] == [False, True]


@pytest.mark.parametrize(("metric", "left"), [("accuracy", 4), ("brier", 3)])
def test_gather__new_class(rows, metric, left):
    """Counted; an error to accuracy, left out of others."""
    frame = rows(np.ones(4, bool))
    frame.loc[1, "label"] = "new"
    found = gather([frame], ["a", "b"], Expectation(metric, Interval(0.5, 0.4, 0.6), 0.1), 9)
    assert (found.strangers, len(found.rows), len(found.newest)) == (1, left, left)
    assert found.rows["score"].min() == (0.0 if metric == "accuracy" else pytest.approx(0.01))


def test_gather__nothing(rows, expectation):
    """No part, and parts without rows."""
    for parts in ([], [rows(np.ones(3, bool))[:0]]):
        found = gather(parts, ["a", "b"], expectation, 9)
        assert (len(found.labelled), len(found.newest)) == (0, 0)


def test_gather__a_million_rows_are_small(rows, expectation):
    """Sixty bytes a sample stay, however large the answers were."""
    found = gather([rows(np.ones(2000, bool))], ["a", "b"], expectation, 10)
    assert found.rows.memory_usage(deep=True).sum() < 60 * 2000

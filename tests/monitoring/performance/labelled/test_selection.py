"""Labels of doubtful samples alone, and what becomes of them."""

import numpy as np
import pytest

from evaluation.inference.bootstrap import Resampling
from evaluation.inference.interval import Interval
from monitoring.performance.expectation import Expectation
from monitoring.performance.labelled.gathered import gather
from monitoring.performance.labelled.selection import compare_labelled

RESAMPLING = Resampling(0, 300)
ACCURACY = Expectation("accuracy", Interval(0.9, 0.88, 0.92), 0.03)


def compared(rows, sure, labelled, session=None):
    """What is found of rows of such confidence."""
    frame = rows(np.ones(len(sure), bool), confidence=sure, labelled=labelled, session=session)
    return compare_labelled(gather([frame], ["a", "b"], ACCURACY, 1), RESAMPLING)


def test_compare_labelled__alike(rows):
    """Labels of rows that were chosen by chance stand for all, with equal weights."""
    random = np.random.default_rng(0)
    labelled = random.random(400) < 0.4
    found = compared(rows, random.uniform(0.5, 1, 400), labelled)
    assert found.representative
    assert (found.weights == 1).all()
    assert len(found.weights) == labelled.sum()
    assert not found.note


@pytest.mark.parametrize(("doubtful", "word"), [(True, "less"), (False, "more")])
def test_compare_labelled__weighted(rows, doubtful, word):
    """Where doubtful rows are labelled more often, weights make the labelled ones as sure as all are."""
    random = np.random.default_rng(0)
    sure = random.uniform(0.5, 1, 1000)
    labelled = random.random(1000) < np.where((sure < 0.75) == doubtful, 0.6, 0.2)
    found = compared(rows, sure, labelled)
    assert found.representative
    assert found.note == f"the labelled ones are {word} sure than the others, and are weighted by confidence"
    assert found.weights.max() == 1
    assert abs(np.average(sure[labelled], weights=found.weights) - sure.mean()) < 0.01
    assert abs(sure[labelled].mean() - sure.mean()) > 0.03


@pytest.mark.parametrize("chance", [0.0, 0.02])
def test_compare_labelled__caution(rows, chance):
    """Where hardly a sure row is labelled nothing stands for them."""
    random = np.random.default_rng(0)
    sure = random.uniform(0.5, 1, 1000)
    labelled = random.random(1000) < np.where(sure < 0.7, 0.8, chance)
    found = compared(rows, sure, labelled)
    assert not found.representative
    assert (found.weights == 1).all()
    assert found.note == "the labelled ones are less sure than the others, too few are like them: caution"


@pytest.mark.parametrize("alike", [True, False])
def test_compare_labelled__by_sessions(rows, alike):
    """What twelve sessions show, half of them labelled, is no difference between two kinds of rows."""
    session = np.repeat(np.arange(12), 50)
    sure = np.linspace(0.6, 0.95, 12)[np.array([0, 7, 1, 8, 2, 5, 9, 3, 10, 4, 6, 11])[session]]
    found = compared(rows, sure, session % 2 == 0, session if alike else None)
    assert bool(found.note) != alike


@pytest.mark.parametrize(("count", "told"), [(4, False), (5, True)])
def test_compare_labelled__fewest(rows, count, told):
    """Four labelled sessions tell nothing, five do."""
    sure = np.where(np.arange(200) < 10 * count, 0.6, 0.9)
    found = compared(rows, sure, sure < 0.8, np.arange(200) // 10)
    assert bool(found.note) == told


def test_compare_labelled__all_labelled(rows):
    """There is nothing to compare with."""
    found = compared(rows, np.linspace(0.5, 1, 10), np.ones(10, bool))
    assert found.representative
    assert not found.note

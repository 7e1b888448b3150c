"""Each statistic is larger for a shift that it is for, and a plain computation agrees."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bench.monitoring.statistics import STATISTICS, Sides, auc, label_shift, mmd
from monitoring.signals.two_sample import gaussian_kernel, squared_mmd, tail

RANDOM = np.random.default_rng(0)


def said(count: int, weights: list[float]) -> np.ndarray:
    """Probabilities of three classes."""
    return RANDOM.dirichlet(weights, count)


KNOWN = Sides(RANDOM.normal(size=(300, 6)), said(300, [1, 1, 1]))


@pytest.mark.parametrize("name", STATISTICS)
def test_statistics__larger_for_a_shift(name):
    """A window that moved shows more than any of 20 quiet ones."""
    statistic = STATISTICS[name]
    quiet = [statistic(KNOWN, RANDOM.normal(size=(100, 6)), said(100, [1, 1, 1])) for _ in range(20)]
    assert statistic(KNOWN, RANDOM.normal(size=(100, 6)) + 1, said(100, [3, 1, 1])) > max(quiet)


def test_mmd__is_the_check_s():
    """But for the width of the kernel, which here is the reference's."""
    window = RANDOM.normal(size=(300, 6))
    expected = squared_mmd(gaussian_kernel(np.concatenate([KNOWN.components, window])), *tail(300, 300))[0]
    assert mmd(KNOWN, window, said(300, [1, 1, 1])) == pytest.approx(expected, rel=0.1)


def test_auc__held_out():
    """Nothing is learned where nothing is to be learned; what is apart is told apart."""
    assert abs(auc(KNOWN, RANDOM.normal(size=(200, 6)), KNOWN.said) - 0.5) < 0.1
    far = RANDOM.normal((2, 0, 0, 0, 0, 0), size=(200, 6))
    known = np.concatenate([KNOWN.components[:, 0], far[:, 0]])
    truth = np.arange(500) >= 300
    assert auc(KNOWN, far, KNOWN.said) == pytest.approx(roc_auc_score(truth, known), abs=0.05)


def test_label_shift__in_units_of_spread():
    """The squared Mahalanobis distance of the means."""
    seen = said(200, [2, 1, 1])
    apart = seen[:, 1:].mean(axis=0) - KNOWN.said[:, 1:].mean(axis=0)
    expected = apart @ np.linalg.inv(np.cov(KNOWN.said[:, 1:].T)) @ apart
    assert label_shift(KNOWN, seen, seen) == pytest.approx(expected)

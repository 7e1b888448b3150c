"""Transferability scores mean what their papers say."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from data.errors import ValidationError
from lightning_modules.insight.transferability import grouped_folds, knn_accuracy, leep, logme, logme_folds

LABELS = np.repeat(np.arange(3), 20)
GROUPS = np.array([f"g{row // 2}" for row in range(60)])
SETTINGS = {"folds": 5, "seed": 0}
PARTS = grouped_folds(LABELS, GROUPS, **SETTINGS)


def blobs(noise: float, size: int = 8) -> np.ndarray:
    """Features [60, size] of three classes that lie apart by the inverse of the noise."""
    random = np.random.default_rng(0)
    return random.normal(size=(3, size))[LABELS] + noise * random.normal(size=(60, size))


def direct(features: np.ndarray, labels: np.ndarray) -> float:
    """LogME by its definition: the highest Gaussian log likelihood of the labels with the weights integrated out."""
    scores = []
    for one in np.unique(labels):
        target = (labels == one).astype(float)

        def loss(logs: np.ndarray, target: np.ndarray = target) -> float:
            spread = np.exp(-logs[0]) * features @ features.T + np.exp(-logs[1]) * np.eye(len(features))
            return -multivariate_normal.logpdf(target, np.zeros(len(features)), spread)

        starts = [(0.0, 1.0), (7.0, 2.0), (7.0, 6.0)]
        found = [minimize(loss, start, method="Nelder-Mead", tol=1e-7).fun for start in starts]
        scores.append(-min(found) / len(features))
    return float(np.mean(scores))


@pytest.mark.parametrize("size", [5, 90])
def test_logme__equals_the_marginal_likelihood(size):
    """The fixed point is the highest evidence of the whole Gaussian, with fewer and with more features than samples."""
    features = blobs(2.0, size)
    assert logme(features, LABELS) == pytest.approx(direct(features, LABELS), abs=1e-4)


def test_logme__rises_with_what_features_tell():
    """Clear classes score above noisy ones, and those above shuffled labels; the features' scale does not matter."""
    shuffled = np.random.default_rng(1).permutation(LABELS)
    clear, noisy = logme(blobs(0.3), LABELS), logme(blobs(1.5), LABELS)
    assert clear > noisy > logme(blobs(1.5), shuffled)
    assert logme(1000 * blobs(1.5), LABELS) == pytest.approx(noisy)


@pytest.mark.parametrize("features", [np.zeros((60, 4)), np.ones((60, 4)), np.eye(60), np.eye(3)[LABELS]])
def test_logme__degenerate_features(features):
    """Nothing, one direction, one direction a sample and the labels themselves all give a number."""
    assert np.isfinite(logme(features, LABELS))


def test_logme_folds__near_the_whole():
    """One score a fold, of its training part, each near that of all samples."""
    scores = logme_folds(blobs(1.0), LABELS, PARTS)
    assert scores.shape == (5,)
    assert np.allclose(scores, logme(blobs(1.0), LABELS), atol=0.15)
    assert scores[2] == logme(blobs(1.0)[PARTS[2][0]], LABELS[PARTS[2][0]])


def test_knn_accuracy__clear_and_meaningless():
    """Clear classes are all found, shuffled ones about as often as by chance, whatever the length of a vector."""
    lengths = np.random.default_rng(2).uniform(0.1, 10, (60, 1))
    assert knn_accuracy(blobs(0.1) * lengths, LABELS, PARTS, k=5).tolist() == [1.0] * 5
    shuffled = np.random.default_rng(1).permutation(LABELS)
    assert knn_accuracy(blobs(0.1), shuffled, PARTS, k=5).mean() < 0.6


def test_knn_accuracy__group_on_one_side():
    """Twins of one group do not find each other: what only tells the group apart scores no better than chance."""
    own = np.random.default_rng(0).normal(size=(30, 50))[np.arange(60) // 2]
    labels = np.random.default_rng(1).integers(0, 2, 30)[np.arange(60) // 2]
    alone, together = (grouped_folds(labels, groups, **SETTINGS) for groups in (np.arange(60).astype(str), GROUPS))
    assert knn_accuracy(own, labels, alone, k=1).mean() > 0.8
    assert knn_accuracy(own, labels, together, k=1).mean() < 0.7


def test_knn_accuracy__fewer_samples_than_neighbours():
    """A training part smaller than k votes with all it has."""
    parts = grouped_folds(LABELS[::10], GROUPS[::10], folds=2, seed=0)
    assert knn_accuracy(blobs(0.1)[::10], LABELS[::10], parts, k=50).shape == (2,)


def test_grouped_folds__few_groups():
    """Three groups give three folds, alike for a seed, each sample held out once; one group is one clear error."""
    few = np.array([f"g{row % 3}" for row in range(60)])
    parts = grouped_folds(LABELS, few, **SETTINGS)
    assert sorted(np.concatenate([held_out for _, held_out in parts])) == list(range(60))
    assert all(not set(few[train]) & set(few[held_out]) for train, held_out in parts)
    assert len(parts) == 3
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(parts, grouped_folds(LABELS, few, **SETTINGS), strict=True))
    with pytest.raises(ValidationError, match="60 training samples in 1 groups cannot be cross-validated"):
        grouped_folds(LABELS, np.full(60, "g"), **SETTINGS)


def test_leep__perfect_and_blind_source():
    """A source class for each label gives 0, a source that sees nothing gives minus the entropy of the labels."""
    sure = np.eye(7)[[4, 0, 2]][LABELS]
    assert leep(sure, LABELS) == pytest.approx(0)
    assert leep(np.full((60, 7), 1 / 7), LABELS) == pytest.approx(-np.log(3))
    assert leep(0.8 * sure + 0.2 / 7, LABELS) < 0


def test_leep__by_hand():
    """Two samples, two source classes, worked out on paper."""
    source = np.array([[0.8, 0.2], [0.4, 0.6]])
    expected = (np.log(0.8 * 0.8 / 1.2 + 0.2 * 0.2 / 0.8) + np.log(0.4 * 0.4 / 1.2 + 0.6 * 0.6 / 0.8)) / 2
    assert leep(source, np.array([3, 9])) == pytest.approx(expected)

"""Label noise: flipped labels come first, and data that cannot be judged are refused in one line."""

import numpy as np
import pytest

from evaluation.audit.label_noise import Labels, find_label_noise
from evaluation.errors import EvaluationError

CLASSES = ("a", "b", "c")


@pytest.fixture
def given():
    """Features of three classes, their labels, groups of four and weights."""
    labels = np.arange(240) % 3
    features = np.eye(3)[labels].repeat(4, axis=1) * 3 + np.random.default_rng(0).normal(size=(240, 12))
    return features.astype(np.float32), labels, np.array([f"g{place // 4}" for place in range(240)]), np.ones(240)


def test_find_label_noise__flipped_labels(given):
    """Of twelve flipped labels most are listed first, with the label that was right."""
    features, labels, groups, weights = given
    flipped = np.arange(0, 240, 20)
    noisy = labels.copy()
    noisy[flipped] = (labels[flipped] + 1) % 3
    found = find_label_noise(features, Labels(noisy, groups, weights, CLASSES), seed=0)
    first = found.candidates.head(12)
    assert np.isin(first["place"], flipped).mean() > 0.9
    right = np.array(CLASSES)[labels[first["place"]]]
    assert (first["suggested"] == right)[np.isin(first["place"], flipped)].all()
    assert first["own_probability"].is_monotonic_increasing
    assert found.accuracy > 0.9
    assert found.folds == 5


def test_find_label_noise__seed_decides(given):
    """The same seed gives the same list."""
    first, second = (find_label_noise(given[0], Labels(*given[1:], CLASSES), seed=1).candidates for _ in range(2))
    assert first.equals(second)


def test_find_label_noise__one_group(given):
    """A model cannot be judged on samples of a group that it has seen."""
    features, labels, _, weights = given
    with pytest.raises(EvaluationError, match=r"all 240 samples are of one group \(one\)") as error:
        find_label_noise(features, Labels(labels, np.full(240, "one"), weights, CLASSES), seed=0)
    assert "\n" not in str(error.value)


def test_find_label_noise__class_in_one_group(given):
    """A class needs two groups; the message names it and counts."""
    features, labels, groups, weights = given
    labels = np.where(labels == 2, 0, labels)
    labels[:3] = 2
    with pytest.raises(EvaluationError, match=r"class 'c' lies in 1 group\(s\) with 3 sample\(s\)"):
        find_label_noise(features, Labels(labels, groups, weights, CLASSES), seed=0)

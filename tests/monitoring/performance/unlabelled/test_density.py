"""Weights by which known samples look like the traffic."""

import numpy as np

from monitoring.performance.unlabelled.density import density_ratio


def blocks(*counts):
    """Each sample a block of its own."""
    return tuple([str(number) for number in range(count)] for count in counts)


def test_density_ratio__looks_like_the_traffic():
    """Weighted, the mean of the known samples is about that of the traffic; the mean weight is 1."""
    random = np.random.default_rng(0)
    known, traffic = random.normal(size=(800, 4)), random.normal(size=(800, 4)) + np.array([0.7, 0, 0, 0])
    found = density_ratio(known, traffic, blocks(800, 800), seed=0)
    assert abs(np.average(known[:, 0], weights=found.weights) - 0.7) < 0.2
    assert np.isclose(found.weights.mean(), 1)
    assert 0.6 < found.auc < 0.8
    assert 200 < found.effective < 700


def test_density_ratio__quiet():
    """Where nothing has changed all samples count about the same."""
    random = np.random.default_rng(1)
    found = density_ratio(random.normal(size=(600, 4)), random.normal(size=(300, 4)), blocks(600, 300), seed=0)
    assert abs(found.auc - 0.5) < 0.07
    assert found.effective > 540


def test_density_ratio__no_sample_for_all():
    """Where the two hardly meet, no sample weighs more than its limit."""
    random = np.random.default_rng(2)
    known, traffic = random.normal(size=(400, 2)), random.normal(size=(400, 2)) + 3
    found = density_ratio(known, traffic, blocks(400, 400), seed=0)
    assert found.auc > 0.95
    assert found.weights.max() / found.weights.mean() < 400 / 8
    assert found.weights.max() > 10


def test_density_ratio__whole_blocks():
    """Sessions alike within are told apart by no classifier that has not seen them."""
    random = np.random.default_rng(3)
    sessions = [f"{number // 25}" for number in range(200)]
    known, traffic = (np.repeat(random.normal(size=(8, 16)) * 5, 25, axis=0) for _ in range(2))
    noise = [side + random.normal(size=side.shape) * 0.1 for side in (known, traffic)]
    assert density_ratio(*noise, (sessions, sessions), seed=0).auc < 0.8
    assert density_ratio(*noise, blocks(200, 200), seed=0).auc > 0.9


def test_density_ratio__few_blocks():
    """Three sessions make three folds."""
    random = np.random.default_rng(4)
    three = [str(number % 3) for number in range(90)]
    found = density_ratio(random.normal(size=(90, 3)), random.normal(size=(90, 3)), (three, three), seed=0)
    assert len(found.weights) == 90

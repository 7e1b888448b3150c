"""How far off traffic lies."""

import numpy as np
import pytest

from monitoring.performance.unlabelled.distance import distance
from monitoring.performance.unlabelled.known import Known


def embedded(embeddings, groups=None):
    """Samples with these embeddings, each a group of its own or as given."""
    count = len(embeddings)
    named = [str(one) for one in (range(count) if groups is None else groups)]
    return Known(np.full((count, 2), 0.5), embeddings, np.zeros(count, np.int64), named)


def test_distance__in_standard_deviations():
    """Three standard deviations off along one direction and four along another are five, whatever the scale."""
    random = np.random.default_rng(0)
    scale = np.array([1.0, 10.0, 100.0])
    known = random.normal(size=(4000, 3)) * scale
    moved = random.normal(size=(4000, 3)) * scale + np.array([3.0, 0.0, 400.0])
    assert np.isclose(distance(embedded(known), embedded(moved)), 5, atol=0.2)


def test_distance__quiet():
    """What few sessions differ by chance is no distance; taken for single samples they would seem far off."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(20):
        known, traffic = (np.repeat(random.normal(size=(20, 8)), 20, axis=0) for _ in range(2))
        sessions = np.repeat(np.arange(20), 20)
        grouped = distance(embedded(known, sessions), embedded(traffic, sessions))
        found.append((grouped, distance(embedded(known), embedded(traffic))))
    grouped, single = np.mean(found, axis=0)
    assert grouped < 0.5 < 0.8 < single


@pytest.mark.parametrize("known_alone", [True, False])
def test_distance__of_both_sides(known_alone):
    """The chance of either side is taken off."""
    random = np.random.default_rng(1)
    few = np.repeat(random.normal(size=(25, 8)), 20, axis=0)
    sides = [embedded(few, np.arange(500) // 20), embedded(random.normal(size=(5000, 8)))]
    found = distance(*(sides if known_alone else sides[::-1]))
    single = distance(*([embedded(few), sides[1]] if known_alone else [sides[1], embedded(few)]))
    assert found < single - 0.1


def test_distance__flat_directions():
    """A direction in which the known samples do not differ has no standard deviation to measure by."""
    random = np.random.default_rng(0)
    known = np.column_stack([random.normal(size=(300, 2)), np.ones(300)])
    assert distance(embedded(known), embedded(known + np.array([0.0, 0.0, 1e-9]))) < 0.5

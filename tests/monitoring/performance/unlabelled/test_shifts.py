"""Drawn shifts: halves that share no group, and a class or a cluster that is met oftener or rarer."""

from collections import Counter

import numpy as np
import pytest

from monitoring.performance.unlabelled.known import Known
from monitoring.performance.unlabelled.shifts import REPEATS, drawn_shifts


@pytest.fixture
def known():
    """Two clusters and two classes in 40 groups."""
    random = np.random.default_rng(0)
    place = np.arange(400)
    embeddings = random.normal(size=(400, 2)) + 8 * (random.random(400) < 0.5)[:, None]
    truth = random.integers(2, size=400)
    return Known(random.dirichlet([1, 1], 400), embeddings, truth, [f"g{number // 10}" for number in place])


def test_drawn_shifts__halves_and_kinds(known):
    """Each kind so many times; the halves are whole groups, and what is drawn is of the other half."""
    found = [*drawn_shifts(known, 0)]
    kinds = Counter(kind for kind, *_ in found)
    assert kinds == dict.fromkeys(["class oftener", "class rarer", "cluster oftener", "cluster rarer"], REPEATS)
    for _, base, other, drawn in found:
        assert not {*base.groups} & {*other.groups}
        assert len({*base.groups}) == len({*other.groups}) == 20
        assert {*map(tuple, drawn.embeddings)} <= {*map(tuple, other.embeddings)}
        assert len(drawn) == len(other)
    assert len({tuple(base.groups) for _, base, *_ in found}) == REPEATS


def test_drawn_shifts__tilt(known):
    """Oftener is nine to one, rarer one to nine."""
    shares = {"class": [], "cluster": []}
    for kind, _, other, drawn in drawn_shifts(known, 0):
        what = kind.split()[0]
        before, after = (
            side.truth.mean() if what == "class" else (side.embeddings[:, 0] > 4).mean() for side in (other, drawn)
        )
        odds = (after / (1 - after)) / (before / (1 - before))
        shares[what].append(np.log(odds))
    assert all(abs(np.mean(np.abs(found)) - np.log(9)) < 0.25 for found in shares.values())
    assert all(np.all(np.multiply(found[::2], found[1::2]) < 0) for found in shares.values())

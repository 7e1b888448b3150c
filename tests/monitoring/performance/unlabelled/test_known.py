"""Samples whose truth is known: those that the champion has not learned from."""

import numpy as np
import pandas as pd
import pytest

from monitoring.performance.unlabelled.known import known_of
from monitoring.reference import Reference


@pytest.fixture
def rows():
    """Three validation samples, one of a class that is none, and a training sample."""
    return pd.DataFrame({
        "group": ["g0", "g0", "g1", "g2"],
        "split": ["val", "val", "val", "train"],
        "truth": ["b", "a", "gone", "b"],
        "probabilities": [[0.4, 0.6], [0.7, 0.3], [0.5, 0.5], [0.1, 0.9]],
        "embedding": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]],
    })  # fmt: skip


@pytest.mark.parametrize(("held_out", "places"), [(False, [0, 1]), (True, [0, 1, 3])])
def test_known_of__what_it_has_not_learned_from(rows, held_out, places):
    """Validation samples, or all where the answers are cross-fitted."""
    found = known_of(Reference(rows, "t", ("a", "b"), held_out))
    np.testing.assert_array_equal(found.probabilities, np.stack(rows["probabilities"][places]))
    np.testing.assert_array_equal(found.embeddings, np.stack(rows["embedding"][places]))
    assert list(found.truth) == [1, 0, 1][: len(places)]
    assert found.groups == list(rows["group"][places])
    assert (found.weights == 1).all()
    assert len(found) == len(found.weights) == len(places)


def test_known_of__no_truth(rows):
    """A package that keeps no truth, or none of its classes, tells nothing."""
    assert known_of(Reference(rows.drop(columns="truth"), "t", ("a", "b"))) is None
    assert known_of(Reference(rows, "t", ("x", "y"))) is None


def test_take__rows(rows):
    """Masks and positions, with the groups."""
    known = known_of(Reference(rows, "t", ("a", "b"), held_out=True))
    for chosen in (np.array([False, True, True]), np.array([1, 2])):
        found = known.take(chosen)
        assert found.groups == ["g0", "g2"]
        assert list(found.truth) == [0, 1]
        np.testing.assert_array_equal(found.embeddings, known.embeddings[1:])
        np.testing.assert_array_equal(found.probabilities, known.probabilities[1:])

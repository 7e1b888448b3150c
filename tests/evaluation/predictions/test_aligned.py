"""Answers of an earlier version are read in today's classes."""

import numpy as np
import pytest

from evaluation.errors import EvaluationError
from evaluation.predictions.aligned import aligned

SAID = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])


def test_aligned__by_name() -> None:
    """Another order moves the columns and nothing else."""
    found = aligned(SAID, ("a", "b", "c"), ("c", "a", "b"))
    assert found.probabilities.tolist() == [[0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]
    assert found.unknown == ()


def test_aligned__two_classes_became_one() -> None:
    """What was given to either is given to both together."""
    found = aligned(SAID, ("a", "a", "c"), ("a", "c"))
    assert found.probabilities == pytest.approx(np.array([[0.9, 0.1], [0.0, 1.0]]))


def test_aligned__class_added() -> None:
    """A class that the model has never heard of gets nothing and is named."""
    found = aligned(SAID, ("a", "b", "c"), ("a", "b", "c", "d"))
    assert found.probabilities[:, 3].tolist() == [0.0, 0.0]
    assert found.unknown == ("d",)


def test_aligned__class_gone() -> None:
    """Its share goes to the others in proportion; a sample that was all of it is shared out equally."""
    found = aligned(SAID, ("a", "b", "c"), ("a", "b"))
    assert found.probabilities == pytest.approx(np.array([[7 / 9, 2 / 9], [0.5, 0.5]]))


def test_aligned__nothing_in_common() -> None:
    """Other classes altogether are another domain."""
    with pytest.raises(EvaluationError, match="knows a, b, c, the domain x, y; nothing is in both"):
        aligned(SAID, ("a", "b", "c"), ("x", "y"))


@pytest.mark.parametrize(
    ("said", "classes", "found"),
    [([0.0, 0.0, 1.0], ("a", "b", "d"), [0.5, 0.5, 0.0]), ([0.3, 0.1, 0.6], ("a", "b"), [0.75, 0.25])],
)
def test_aligned__shares_out_what_is_left(said: list[float], classes: tuple[str, ...], found: list[float]) -> None:
    """Nothing goes to a class that the model does not know, and a small rest is shared as the model weighs it."""
    assert aligned(np.array([said]), ("a", "b", "c"), classes).probabilities == pytest.approx(np.array([found]))

"""Tasks: chosen by kind, and how a package names the answers to several of them."""

import pytest

from data.targets.classification import ClassificationTask
from data.targets.task import Task, output_names


def test_chosen__classification_by_default():
    """A task without a kind asks for one of some classes; an unknown kind is refused."""
    assert Task.chosen({"classes": ["a", "b"]}) == ClassificationTask(classes=("a", "b"))
    with pytest.raises(ValueError, match="kind 'riddle' does not exist"):
        Task.chosen({"kind": "riddle"})


def test_output_names__one_or_several():
    """One answer goes by its plain name, as in packages of before; several stand below their task."""
    task = ClassificationTask(classes=("a", "b"))
    assert output_names({"label": task}) == ("probabilities",)
    assert output_names({"x": task, "y": task}) == ("x/probabilities", "y/probabilities")

"""Objectives: one for each kind of task, chosen by name, with a head of neutral temperature."""

import pytest
import torch

from data.targets.classification import ClassificationTask
from lightning_modules.errors import RecipeError
from lightning_modules.objectives.classification import ClassificationObjective
from lightning_modules.objectives.objective import Objective, TaskHead, objectives_of


def test_objectives_of__by_the_kind_of_task():
    """Each task gets its objective, which knows it, in the order of the tasks."""
    tasks = {name: ClassificationTask(classes=classes) for name, classes in {"b": ("x", "y"), "a": ("u", "v")}.items()}
    found = objectives_of(tasks)
    assert list(found) == ["b", "a"]
    assert all(isinstance(one, ClassificationObjective) for one in found.values())
    assert found["a"].task is tasks["a"]


def test_objectives_of__kind_that_nothing_learns(monkeypatch):
    """The task, its kind and what there is are named."""
    monkeypatch.setattr(Objective, "kinds", {"other": ClassificationObjective})
    with pytest.raises(RecipeError, match="task 'label': nothing learns the kind 'classification' yet; choose other"):
        objectives_of({"label": ClassificationTask(classes=("a", "b"))})


def test_task_head__temperature_is_kept_with_the_weights():
    """It starts neutral, is no parameter that learns, and travels in the state dict."""
    head = TaskHead()
    assert (float(head.temperature), list(head.parameters())) == (1.0, [])
    head.load_state_dict({"temperature": torch.tensor(2.0)})
    assert float(head.temperature) == 2.0

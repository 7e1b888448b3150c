"""A new class hides no harm to the classes that champion and challenger both know."""

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.shared_classes import fair_pair, shared_floor

CLASSES = ("a", "b", "new")
RULE = GateConfig(metric="accuracy", floor=0.1, resamples=200)


def model(right: float, *, knows: bool = True, seed: int = 0) -> Predictions:
    """90 samples of three classes; of those of a and b the model gets that share right, of `new` all or none."""
    truth = np.arange(90) % 3
    lucky = np.random.default_rng(seed).random(90) < right
    said = np.where(truth == 2, 2 if knows else 0, np.where(lucky, truth, 1 - truth))
    probabilities = np.eye(3)[said] * 0.8
    probabilities[:, :2] += 0.1
    return Predictions(
        hashes=[f"{row}" for row in range(90)], truth=truth,
        probabilities=probabilities / probabilities.sum(1, keepdims=True), weights=np.ones(90),
        groups=[f"{row}" for row in range(90)], slices=pd.DataFrame(index=range(90)), classes=CLASSES,
        unknown=() if knows else ("new",),
    )  # fmt: skip


def test_shared_floor__harm_behind_a_new_class() -> None:
    """A challenger that knows the new class and has forgotten the others fails; one that has not passes."""
    champion = model(0.95, knows=False)
    (bad,), _ = shared_floor(champion, model(0.5, seed=1), RULE, 0.95)
    (good,), _ = shared_floor(champion, model(0.95, seed=2), RULE, 0.95)
    assert (bad.passed, good.passed) == (False, True)
    assert bad.name == "accuracy improvement on the classes that both know, upper bound"
    assert "on 60 samples" in bad.note


def test_shared_floor__both_know_all() -> None:
    """Without a strange class there is no such floor."""
    assert shared_floor(model(0.9), model(0.5), RULE, 0.95) == ([], [])


def test_shared_floor__what_cannot_be_judged_is_said() -> None:
    """One group, or one class where the metric needs two, is a note and no floor."""
    champion = replace(model(0.9, knows=False), groups=["one"] * 90)
    floors, notes = shared_floor(champion, replace(model(0.9), groups=["one"] * 90), RULE, 0.95)
    assert (floors, len(notes)) == ([], 1)
    rule = RULE.model_copy(update={"metric": "auc"})
    pair = [one.take(one.truth != 1) for one in (model(0.9, knows=False), model(0.9))]
    floors, notes = shared_floor(pair[0], pair[1], rule, 0.95)
    assert floors == []
    assert "was not judged" in notes[0]


def test_fair_pair__metrics_that_take_no_unknown_class() -> None:
    """By log loss only the shared classes are compared; by accuracy all samples are."""
    champion, challenger = model(0.9, knows=False), model(0.9)
    assert len(fair_pair(champion, challenger, RULE)[0]) == 90
    first, second = fair_pair(champion, challenger, RULE.model_copy(update={"metric": "log_loss"}))
    assert len(first) == len(second) == 60

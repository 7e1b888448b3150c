"""A new class hides no harm to the classes that champion and challenger both know."""

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.inference.paired import improvement, samples_needed
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.shared_classes import doubt, fair_pair, harm_floors
from registry.gate.slice_floors import slice_floors

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


def test_harm_floors__behind_a_new_class() -> None:
    """A challenger that knows the new class and has forgotten the others fails; one that has not passes."""
    champion = model(0.95, knows=False)
    (bad,), _ = harm_floors(champion, model(0.5, seed=1), RULE)
    (good,), _ = harm_floors(champion, model(0.95, seed=2), RULE)
    assert (bad.passed, good.passed) == (False, True)
    assert bad.name == "accuracy improvement on the classes that both know, upper bound"
    assert "on 60 samples" in bad.note


def test_harm_floors__is_the_upper_end_at_the_gates_level() -> None:
    """The value is the end of the improvement's interval on the shared classes, the limit that of a slice."""
    champion, challenger = model(0.95, knows=False), model(0.8, seed=2)
    pair = [one.among(("a", "b")) for one in (champion, challenger)]
    (floor,), _ = harm_floors(champion, challenger, RULE)
    assert (floor.value, floor.limit) == (improvement("accuracy", *pair, RULE.resampling).high, -0.05)
    folds = RULE.model_copy(update={"evidence": "out_of_fold"})
    assert harm_floors(champion, challenger, folds)[0] == [floor], (
        "floors are about the test set, whatever the evidence"
    )


def test_harm_floors__a_class_that_the_challenger_does_not_know() -> None:
    """What it never heard of is left out as well: it has lost nothing on what both know."""
    (floor,), _ = harm_floors(model(0.95), model(0.95, knows=False), RULE)
    assert (floor.passed, floor.note) == (True, "estimate +0.0000 on 60 samples")


def test_harm_floors__slices_too() -> None:
    """What a slice has lost on the shared classes does not hide behind the new one."""
    rows, champion, challenger = np.arange(90), model(0.95, knows=False), model(0.95, seed=2)
    lost = (rows < 60) & (rows % 4 > 1) & (challenger.truth != 2)
    said = np.where(lost[:, None], champion.probabilities[:, [1, 0, 2]], challenger.probabilities)
    slices = pd.DataFrame({"line": np.where(rows < 60, "x", "y")})
    pair = replace(champion, slices=slices), replace(challenger, slices=slices, probabilities=said)
    assert all(floor.passed for floor in slice_floors(*pair, RULE)[0])
    floors, _ = harm_floors(*pair, RULE)
    assert "slice line=x" in [one.name.split(",")[0] for one in floors if not one.passed]


def test_harm_floors__a_new_class_that_resembles_an_old_one() -> None:
    """A challenger that gives some of an old class to the new one is as good on the old ones when asked for them."""
    champion, challenger = model(0.95, knows=False), model(0.95)
    said = challenger.probabilities.copy()
    said[::3, 2] = 2.0
    taken = replace(challenger, probabilities=said / said.sum(1, keepdims=True))
    (floor,), _ = harm_floors(champion, taken, RULE)
    assert floor.note.startswith("estimate +0.0000")


def test_harm_floors__both_know_all() -> None:
    """Without a strange class there is no such floor."""
    assert harm_floors(model(0.9), model(0.5), RULE) == ([], [])


def test_harm_floors__what_cannot_be_judged_is_said() -> None:
    """One group, or one class where the metric needs two, is a note and no floor."""
    champion = replace(model(0.9, knows=False), groups=["one"] * 90)
    floors, notes = harm_floors(champion, replace(model(0.9), groups=["one"] * 90), RULE)
    assert (floors, len(notes)) == ([], 1)
    rule = RULE.model_copy(update={"metric": "auc"})
    pair = [one.take(one.truth != 1) for one in (model(0.9, knows=False), model(0.9))]
    floors, notes = harm_floors(pair[0], pair[1], rule)
    assert floors == []
    assert "was not judged" in notes[0]


def test_fair_pair__metrics_that_take_no_unknown_class() -> None:
    """By log loss only what the champion knows is compared; by accuracy and Brier score all samples are."""
    champion, challenger = model(0.5, knows=False), model(0.9)
    for metric, count in (("accuracy", 90), ("brier", 90), ("log_loss", 60)):
        found = fair_pair(champion, challenger, RULE.model_copy(update={"metric": metric}))
        assert [len(one) for one in found] == [count, count]
        assert [one.unknown for one in found] == [("new",), ()]


def test_fair_pair__what_the_challenger_does_not_know_counts() -> None:
    """A challenger is asked for every class of the domain, by every metric."""
    rule = RULE.model_copy(update={"metric": "log_loss"})
    assert len(fair_pair(model(0.9), model(0.9, knows=False), rule)[1]) == 90
    stranger = replace(model(0.9), unknown=("b",))
    assert len(fair_pair(model(0.9, knows=False), stranger, rule)[1]) == 60


def test_doubt__until_the_lower_end_is_above_the_margin() -> None:
    """Equal models are cleared by enough samples, not by few; the number that would settle it is told."""
    champion, challenger = model(0.95, knows=False), model(0.95, seed=2)
    pair = [one.among(("a", "b")) for one in (champion, challenger)]
    low = improvement("accuracy", *pair, RULE.resampling).low
    assert -0.2 < low < -0.05
    found = doubt(champion, challenger, RULE, RULE.level)
    assert found is not None
    assert found.reason.startswith("harm on the classes that both know is not ruled out: accuracy improves there by ")
    assert found.reason.endswith("on 60 samples; all of it must lie above -0.05 (gate.slice_margin)")
    assert found.needed is not None
    assert found.needed > 60
    assert doubt(champion, challenger, RULE.model_copy(update={"slice_margin": 0.2}), RULE.level) is None
    assert doubt(champion, champion, RULE.model_copy(update={"slice_margin": 0.07}), RULE.level) is None


def test_doubt__at_the_level_of_the_look() -> None:
    """After many comparisons more is asked."""
    champion, challenger = model(0.95, knows=False), model(0.95, seed=2)
    pair = [one.among(("a", "b")) for one in (champion, challenger)]
    low = improvement("accuracy", *pair, RULE.resampling).low
    rule = RULE.model_copy(update={"slice_margin": -low + 1e-6})
    assert doubt(champion, challenger, rule, 0.95) is None
    later = doubt(champion, challenger, rule, 0.999)
    assert later is not None
    ends = improvement("accuracy", *pair, RULE.paired(0.999))
    assert later.needed == samples_needed(ends, samples=60, groups=60, effect=-low + 1e-6, level=0.999)
    assert f"({ends.low:+.4f} to {ends.high:+.4f})" in later.reason


def test_doubt__nothing_to_ask() -> None:
    """Where both know all, or the shared classes say nothing, there is none; without a margin no number settles it."""
    assert doubt(model(0.9), model(0.5), RULE, 0.95) is None
    lone = [replace(one, groups=["one"] * 90) for one in (model(0.9, knows=False), model(0.9))]
    assert doubt(lone[0], lone[1], RULE, 0.95) is None
    rule = RULE.model_copy(update={"metric": "auc"})
    pair = [one.take(one.truth != 1) for one in (model(0.9, knows=False), model(0.9))]
    assert doubt(pair[0], pair[1], rule, 0.95) is None
    strict = RULE.model_copy(update={"slice_margin": 0.0})
    found = doubt(model(0.9, knows=False), model(0.9, seed=2), strict, 0.95)
    assert found is not None
    assert found.needed is None

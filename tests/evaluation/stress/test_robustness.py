"""Robustness counts what disturbed images do to decisions."""

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling
from evaluation.predictions.predictions import Predictions
from evaluation.stress.robustness import choose_samples, corrupted, judge_robustness


def certain(said):
    """Probabilities of two classes that say what they are told to."""
    return np.eye(2)[said] * 0.8 + 0.1


def make(said, *, weights=None, groups=None):
    """Eight samples, half of each class, and a model that says what it is told to."""
    count, truth = 8, np.arange(8) % 2
    names = [f"{row}" for row in range(count)]
    weights = np.ones(count) if weights is None else np.array(weights, dtype=float)
    slices = pd.DataFrame(index=range(count))
    return Predictions(names, truth, certain(said), weights, groups or names, slices, ("dark", "light"))


def value(found, measure, strength):
    """One value of the table."""
    curve = found.curve("noise", measure).set_index("strength")
    return curve.loc[strength, "value"]


def test_judge_robustness__counts():
    """Accuracy and flips are those of the disturbed decisions; right to wrong and the reverse both flip."""
    clean = [0, 1, 0, 1, 0, 1, 0, 0]  # the last is wrong
    disturbed = [1, 1, 0, 1, 0, 1, 0, 1]  # the first turns wrong, the last right
    found = judge_robustness(make(clean), [("noise", 1, certain(disturbed))], "auc", Resampling(seed=0, resamples=100))
    assert (value(found, "accuracy", 0), value(found, "flipped", 0)) == (7 / 8, 0)
    assert (value(found, "accuracy", 1), value(found, "flipped", 1)) == (7 / 8, 2 / 8)
    assert list(found.table["measure"].unique()) == ["accuracy", "auc", "flipped"]
    assert found.means()["flipped"] == 2 / 8


def test_judge_robustness__weights():
    """A heavy sample counts for what it weighs."""
    clean = make([0, 1] * 4, weights=[3, 1, 1, 1, 1, 1, 1, 1])
    found = judge_robustness(clean, [("noise", 1, certain([1, 1, *[0, 1] * 3]))], "accuracy", Resampling(seed=0))
    assert value(found, "flipped", 1) == pytest.approx(3 / 10)
    assert value(found, "accuracy", 1) == pytest.approx(7 / 10)


def test_judge_robustness__intervals():
    """Ends lie around the share, in 0..1; a single group has none."""
    disturbed = [("noise", 1, certain([1, 0, 0, 1, 0, 1, 0, 1]))]
    many = (
        judge_robustness(make([0, 1] * 4), disturbed, "accuracy", Resampling(seed=0)).curve("noise", "flipped").iloc[1]
    )
    assert 0 <= many["low"] < many["value"] == 2 / 8 < many["high"] <= 1
    one = judge_robustness(make([0, 1] * 4, groups=["a"] * 8), disturbed, "accuracy", Resampling(seed=0))
    assert value(one, "flipped", 1) == 2 / 8
    assert one.table[["low", "high"]].isna().all().all()


def test_corrupted__sees_the_corrupted_images():
    """The predictor gets each corruption at each severity, in order, of all images however many there are."""
    images = np.random.default_rng(0).integers(60, 180, (130, 8, 8, 1), dtype=np.uint8)

    def spread(changed):
        """One minus and plus the contrast, which stands in for a probability."""
        contrast = changed.std(axis=(1, 2, 3)) / 255
        return np.stack([1 - contrast, contrast], axis=1)

    said = list(corrupted(images, spread, corruptions=["contrast", "noise"], severities=[1, 5], seed=0))
    assert [(kind, severity) for kind, severity, _ in said] == [
        ("contrast", 1), ("contrast", 5), ("noise", 1), ("noise", 5),
    ]  # fmt: skip
    assert {probabilities.shape for _, _, probabilities in said} == {(130, 2)}
    assert (said[1][2][:, 1] < said[0][2][:, 1]).all()


def test_choose_samples__share_of_the_classes():
    """A rare class keeps its share, the seed decides who, and nobody comes twice."""
    count, truth = 100, (np.arange(100) < 20).astype(np.int64)
    names, slices = [f"{row}" for row in range(count)], pd.DataFrame(index=range(count))
    whole = Predictions(names, truth, certain(truth), np.ones(count), names, slices, ("dark", "light"))
    first, again, other = (choose_samples(whole, 10, seed=seed) for seed in (0, 0, 1))
    assert truth[first].sum() == truth[other].sum() == 2
    assert len(set(first)) == 10
    assert list(first) == list(again) != list(other)
    assert list(choose_samples(whole, 1000, seed=0)) == list(range(count))
    with pytest.raises(EvaluationError, match="0 samples"):
        choose_samples(whole, 0, seed=0)

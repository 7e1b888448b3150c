"""Disparities: fairlearn's figures, intervals that hold what they say, and small groups that are told as such."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from evaluation.inference.bootstrap import Resampling, cautious_interval, percentile_interval, replicates
from evaluation.inference.disparity import (
    FALSE_POSITIVE,
    MEASURES,
    SELECTION,
    TRUE_POSITIVE,
    judge_disparities,
    worst_disparities,
)
from evaluation.predictions.metrics import divide
from evaluation.predictions.predictions import Predictions

RESAMPLING = Resampling(seed=0, resamples=400)


def predictions(truth, said, sites, classes=("no", "yes"), weights=None):
    """Predictions whose likeliest class is `said`, every sample a group of its own."""
    count = len(truth)
    probabilities = np.full((count, len(classes)), 0.2 / (len(classes) - 1))
    probabilities[np.arange(count), said] = 0.8
    return Predictions(
        hashes=[str(number) for number in range(count)],
        truth=np.asarray(truth),
        probabilities=probabilities,
        weights=np.ones(count) if weights is None else np.asarray(weights),
        groups=[str(number) for number in range(count)],
        slices=pd.DataFrame({"site": pd.Categorical(sites)}),
        classes=classes,
    )


def drawn(rates, count=200, seed=0, classes=2):
    """Truth and answers of as many samples of each site; a site's share of its samples gets the right class."""
    random = np.random.default_rng(seed)
    sites = np.repeat(list(rates), count)
    truth = random.integers(0, classes, len(sites))
    right = random.random(len(sites)) < np.repeat(list(rates.values()), count)
    said = np.where(right, truth, (truth + 1) % classes)
    names = ("no", "yes") if classes == 2 else tuple("abcdefgh"[:classes])
    return predictions(truth, said, sites, names, random.random(len(sites)) + 0.5)


@pytest.mark.parametrize("classes", [2, 3])
def test_judge_disparities__as_fairlearn(classes):
    """Rates, differences and ratios are those of fairlearn, with weights; each class against all others."""
    fairlearn = pytest.importorskip("fairlearn.metrics")
    given = drawn({"x": 0.9, "y": 0.7, "z": 0.8}, classes=classes)
    found = judge_disparities(given, ["site"], RESAMPLING)
    oracles = dict(zip(MEASURES, (getattr(fairlearn, name.replace(" ", "_")) for name in MEASURES), strict=True))
    assert len(found) == 3 * (1 if classes == 2 else 3)
    for one in found:
        label = given.classes.index(one.label)
        frame = fairlearn.MetricFrame(
            metrics=oracles[one.measure],
            y_true=given.truth == label,
            y_pred=given.probabilities.argmax(1) == label,
            sensitive_features=np.asarray(given.slices["site"]),
            sample_params={"sample_weight": given.weights},
        )
        assert one.rates == pytest.approx(dict(frame.by_group))
        assert one.difference.value == pytest.approx(frame.difference(method="between_groups"))
        assert one.ratio.value == pytest.approx(frame.ratio(method="between_groups"))
        assert one.difference.low < one.difference.value < one.difference.high
        assert one.ratio.low < one.ratio.value < one.ratio.high


def test_judge_disparities__by_hand():
    """A figure that can be counted: 30 of 40 and 10 of 40 are given the class, by truth and against it."""
    truth = ([1] * 20 + [0] * 20) * 2
    said = [1] * 20 + [1] * 10 + [0] * 10 + [1] * 10 + [0] * 30
    given = predictions(truth, said, ["x"] * 40 + ["y"] * 40)
    found = {one.measure: one for one in judge_disparities(given, ["site"], RESAMPLING)}
    assert found[SELECTION].rates == {"y": 0.25, "x": 0.75}
    assert found[TRUE_POSITIVE].rates == {"y": 0.5, "x": 1.0}
    assert found[FALSE_POSITIVE].rates == {"y": 0.0, "x": 0.5}
    assert found[FALSE_POSITIVE].ratio.value == 0
    assert "site, selection rate of yes: difference 0.500 (" in found[SELECTION].text
    assert found[SELECTION].text.endswith("; y 0.250, x 0.750")


def test_judge_disparities__nothing_that_varies():
    """Where all samples of two groups agree, the interval is no point: 25 of 25 prove little."""
    given = predictions([1] * 50, [1] * 25 + [1] * 25, ["x"] * 25 + ["y"] * 25)
    found = {one.measure: one for one in judge_disparities(given, ["site"], RESAMPLING)}
    assert found[SELECTION].difference.value == 0
    assert found[SELECTION].difference.low < -0.05
    assert found[SELECTION].difference.high > 0.05
    assert found[FALSE_POSITIVE].text == (
        "site, false positive rate of yes: fewer than two groups are large enough to be compared; "
        "too small: x (0 samples), y (0 samples)"
    )


def test_judge_disparities__small_groups():
    """A group of 19 is named with its count and takes no part; one group alone is compared with none."""
    given = predictions([0, 1] * 50 + [1] * 19, [0] * 60 + [1] * 59, ["x"] * 50 + ["y"] * 50 + ["z"] * 19)
    one = judge_disparities(given, ["site"], RESAMPLING)[0]
    assert (list(one.rates), one.small) == (["x", "y"], {"z": 19})
    assert "too small: z (19 samples)" in one.text
    alone = judge_disparities(predictions([0, 1] * 20, [0, 1] * 20, ["x"] * 40), ["site"], RESAMPLING)[0]
    assert math.isnan(alone.difference.value)


def test_judge_disparities__few_groups():
    """Samples that come in few groups are no independent evidence: the interval is as wide as these groups make it."""
    given = drawn({"x": 0.9, "y": 0.7})
    together = Predictions(**{**vars(given), "groups": [f"{place // 50}" for place in range(400)]})
    apart, few = (judge_disparities(one, ["site"], RESAMPLING)[1].difference for one in (given, together))
    assert few.value == apart.value
    assert few.high - few.low > 1.5 * (apart.high - apart.low)


@pytest.mark.parametrize("chances", [(0.2, 0.6), (0.05, 0.3), (0.5, 0.5), (0.0, 0.9)])
@pytest.mark.parametrize("together", [True, False])
def test_judge_disparities__intervals_by_hand(chances, together):
    """The wider of the bootstrap's and Agresti and Caffo's, by the fewer groups, at the level of three measures.

    Samples of five groups against twenty, which go `together` within or do not.
    """
    random, groups = (
        np.random.default_rng(3),
        [f"x{row % 5}" for row in range(60)] + [f"y{row % 20}" for row in range(60)],
    )
    sites = np.repeat(["x", "y"], 60)
    each = {name: random.random() for name in groups}
    luck = np.array([each[name] for name in groups]) if together else random.random(120)
    said = luck < np.where(sites == "x", *chances)
    given = replace(predictions(np.arange(120) % 2, said.astype(int), sites), groups=groups)
    one = judge_disparities(given, ["site"], RESAMPLING)[0]
    order = list(one.rates)
    counts, level = {"x": 5, "y": 20}, 1 - 0.05 / 3

    def both(weights):
        """The rates of both sites by the weight that was drawn, [R, 2]."""
        parts = [(weights[:, sites == site], said[sites == site]) for site in order]
        return np.stack([divide(drawn @ chosen, drawn.sum(axis=1)) for drawn, chosen in parts], axis=1)

    found = replicates(both, given, replace(RESAMPLING, level=level))
    small, large = both(np.ones((1, 120)))[0]
    smooth = [(rate * counts[site] + 1) / (counts[site] + 2) for rate, site in zip((small, large), order, strict=True)]
    size, times = [counts[site] + 2 for site in order], t.ppf(0.5 + level / 2, 4)
    far = times * math.sqrt(sum(rate * (1 - rate) / many for rate, many in zip(smooth, size, strict=True)))
    drawn = cautious_interval(large - small, found[:, 1] - found[:, 0], groups=5, level=level)
    assert one.difference.low == pytest.approx(min(drawn.low, large - small - far))
    assert one.difference.high == pytest.approx(max(drawn.high, large - small + far))
    reach = times * math.sqrt(sum((1 - rate) / (many * rate) for rate, many in zip(smooth, size, strict=True)))
    ratio = percentile_interval(small / large, divide(found[:, 0], found[:, 1]), groups=5, level=level)
    around = smooth[0] / smooth[1]
    assert one.ratio.low == pytest.approx(np.fmin(ratio.low, around * math.exp(-reach)))
    assert one.ratio.high == pytest.approx(np.fmax(ratio.high, around * math.exp(reach)))


def test_judge_disparities__every_pair_costs():
    """Of three sites three pairs were looked at by three measures: the level is that of nine comparisons."""
    given = drawn({"x": 0.9, "y": 0.7, "z": 0.8})
    nine = judge_disparities(given, ["site"], RESAMPLING)[0]
    two = given.take(np.isin(given.slices["site"], list(nine.rates)[::2]))
    alone = judge_disparities(two, ["site"], replace(RESAMPLING, level=1 - 0.05 / 3))[0]
    assert alone.rates == {site: nine.rates[site] for site in alone.rates}
    margin = [one.difference.value - one.difference.low for one in (nine, alone)]
    assert margin[0] == pytest.approx(margin[1], rel=0.1)


def test_judge_disparities__just_large_enough():
    """Twenty samples count, in two groups or more; twenty of one group do not; of three classes each with twenty."""
    sites, groups = ["x"] * 20 + ["y"] * 20 + ["z"] * 20, ["x0"] * 10 + ["x1"] * 10 + ["y0", "y1"] * 10 + ["z0"] * 20
    given = replace(predictions([0, 1] * 30, [0, 1, 1, 0] * 15, sites), groups=groups)
    one = judge_disparities(given, ["site"], RESAMPLING)[0]
    assert (set(one.rates), one.small) == ({"x", "y"}, {"z": 20})
    many = predictions([0] * 20 + [1] * 21 + [2] * 19, [0] * 60, ["x", "y"] * 30, ("a", "b", "c"))
    assert {found.label for found in judge_disparities(many, ["site"], RESAMPLING)} == {"a", "b"}


def test_worst_disparities__of_each_measure():
    """The class that is farthest apart stands for its column and measure."""
    found = judge_disparities(drawn({"x": 0.9, "y": 0.6}, classes=3), ["site"], RESAMPLING)
    worst = worst_disparities(found)
    assert [one.measure for one in worst] == list(MEASURES)
    for one in worst:
        assert one.difference.value == max(other.difference.value for other in found if other.measure == one.measure)


@pytest.mark.long
def test_judge_disparities__false_alarms():
    """Of groups that are alike, some lower end lies above 0 in at most 2.5% of evaluations, however many there are."""
    alarms = [
        any(
            one.difference.low > 0
            for one in judge_disparities(
                drawn(dict.fromkeys("uvwxyz", 0.8), count=60, seed=seed), ["site"], Resampling(seed=0, resamples=300)
            )
        )
        for seed in range(300)
    ]
    assert np.mean(alarms) <= 0.025 + 2 * math.sqrt(0.025 * 0.975 / 300)

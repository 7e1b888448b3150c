"""Slices are chosen by name, judged as far as their size allows, and compared with all other samples."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling, bootstrap_interval, replicates
from evaluation.inference.config import EvaluationConfig
from evaluation.inference.slices import SLICE_COLUMNS, chosen_slices, difference_p_value, holm, judge_slices
from evaluation.predictions.metrics import accuracy
from evaluation.predictions.predictions import Predictions

TABLE = pd.DataFrame({"type": ["mono", "poly", "mono", None], "site": ["a", "a", "b", "b"]})
OTHERS = pd.DataFrame({"group": ["g", "g", "h", "h"], "type": ["never"] * 4})


def make(slices: dict[str, list[str]], *, right: Any = 0.8, count: int = 120, **changes: Any) -> Predictions:
    """Binary predictions that are right with the chance `right` (one, or one a sample), in pairs of one group."""
    generator = np.random.default_rng(0)
    truth = np.arange(count) // 2 % 2
    said = np.where(generator.random(count) < right, truth, 1 - truth)
    parts: dict[str, Any] = {
        "hashes": [f"h{row}" for row in range(count)],
        "truth": truth,
        "probabilities": np.where(np.eye(2)[said] == 1, 0.8, 0.2),
        "weights": np.ones(count),
        "groups": [f"g{row // 2}" for row in range(count)],
        "slices": pd.DataFrame(slices, index=range(count)),
        "classes": ("good", "bad"),
    }
    return Predictions(**(parts | changes))


def judged(predictions: Predictions, metric: str = "accuracy") -> pd.DataFrame:
    """The table, by value."""
    return judge_slices(predictions, metric, Resampling(seed=0, resamples=200)).set_index("value")


def test_chosen_slices__every_column_by_default() -> None:
    """Unless slices are named, each column is one; an empty list is none."""
    assert list(chosen_slices(TABLE, OTHERS, EvaluationConfig()).columns) == ["type", "site"]
    assert chosen_slices(TABLE, OTHERS, EvaluationConfig(slices=())).shape == (4, 0)


def test_chosen_slices__pairs_need_both_values() -> None:
    """A pair joins the values; where one is missing the sample is in no slice of it."""
    found = chosen_slices(TABLE, OTHERS, EvaluationConfig(slices=("site", ("type", "site"))))
    assert list(found.columns) == ["site", "type & site"]
    assert found["type & site"].tolist()[:3] == ["mono & a", "poly & a", "mono & b"]
    assert found["type & site"].isna().tolist() == [False, False, False, True]


def test_chosen_slices__other_columns_by_name() -> None:
    """Group and label are slices where they are named; a slice column of that name comes first."""
    found = chosen_slices(TABLE, OTHERS, EvaluationConfig(slices=("group", ("group", "type"))))
    assert found["group"].tolist() == ["g", "g", "h", "h"]
    assert found["group & type"].tolist()[:3] == ["g & mono", "g & poly", "h & mono"]


def test_chosen_slices__protected() -> None:
    """A protected column is a slice though it is not named as one, once; an unknown one is an error."""
    config = EvaluationConfig(slices=("type",), protected=("site", "type"))
    assert list(chosen_slices(TABLE, OTHERS, config).columns) == ["type", "site"]
    with pytest.raises(EvaluationError, match=r"evaluation.protected names colour"):
        chosen_slices(TABLE, OTHERS, EvaluationConfig(protected=("colour",)))


def test_chosen_slices__unknown_name() -> None:
    """One error names what is unknown and what there is."""
    config = EvaluationConfig(slices=("colour", ("type", "place")))
    with pytest.raises(EvaluationError, match=r"names colour, place; the data has the columns: type, site, group"):
        chosen_slices(TABLE, OTHERS, config)


def test_judge_slices__one_that_differs() -> None:
    """A slice with half the accuracy is far below the rest, and stays so after the correction; the others do not."""
    line, shift = ["slow"] * 40 + ["fast"] * 80, ["day", "day", "night", "night"] * 30
    said = make({"line": line, "shift": shift}, right=np.where(np.arange(120) < 40, 0.4, 0.95))
    found = judged(said)
    slow = found.loc["slow"]
    assert slow["difference"] == pytest.approx(slow["estimate"] - found.loc["fast", "estimate"])
    assert slow["difference_low"] < slow["difference"] < slow["difference_high"] < 0
    assert slow["p_value"] < slow["p_holm"] < 0.001
    assert found.loc["night", "p_holm"] > 0.05
    assert found.loc["night", "p_holm"] == found.loc["night", "p_value"]


def test_judge_slices__two_halves_are_one_comparison() -> None:
    """One of two values against the other is counted once, so that alone it is not corrected at all."""
    found = judged(make({"line": ["a", "b"] * 60}))
    assert found.loc["a", "difference"] == -found.loc["b", "difference"]
    assert found["p_holm"].tolist() == pytest.approx(found["p_value"].tolist())


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_judge_slices__the_other_half_without_spread(names: tuple[str, str]) -> None:
    """A slice that surely differs keeps its p-value where the other half is always right."""
    weak, perfect = names
    found = judged(make({"line": [weak, perfect] * 60}, right=np.array([0.6, 1.0] * 60)))
    assert found.loc[weak, "p_holm"] == found.loc[perfect, "p_holm"] < 0.001


def test_judge_slices__interval_is_the_slice_s_own() -> None:
    """Estimate and interval are what the slice alone gives, weights included."""
    said = make({"line": ["a", "b"] * 60}, weights=np.random.default_rng(1).uniform(0, 2, 120))
    row = judged(said).loc["a"]
    alone = bootstrap_interval("accuracy", said.take(np.arange(0, 120, 2)), Resampling(seed=0, resamples=200))
    assert (row["estimate"], row["low"], row["high"]) == (alone.value, alone.low, alone.high)


def test_judge_slices__groups_on_both_sides_go_together() -> None:
    """Where a whole group is right or wrong, slices that share every group differ by nothing, surely so."""
    right = np.repeat(np.random.default_rng(3).random(30) < 0.7, 4).astype(float)
    said = make({"half": ["left", "right"] * 60}, right=right, groups=[f"g{row // 4}" for row in range(120)])
    row = judged(said).loc["left"]
    assert (row["difference"], row["difference_low"], row["difference_high"]) == (0, 0, 0)
    assert row["p_value"] == 1


def test_judge_slices__the_smaller_side_s_groups_count() -> None:
    """Three groups against thirty are judged with the two degrees of freedom that three have."""
    groups = [f"a{row % 3}" for row in range(60)] + [f"b{row % 30}" for row in range(60)]
    said = make({"line": ["a"] * 60 + ["b"] * 60}, groups=groups)
    parts = slice(60), slice(60, 120)

    def gap(weights: Any) -> Any:
        left, right = (accuracy(said.truth[part], said.probabilities[part], weights[:, part]) for part in parts)
        return left - right

    found = replicates(gap, said, Resampling(seed=0, resamples=200))
    row = judged(said).loc["a"]
    assert row["p_value"] == pytest.approx(difference_p_value(row["difference"], found, groups=3))
    assert row["p_value"] > 1.2 * difference_p_value(row["difference"], found, groups=30)


@pytest.mark.parametrize(
    ("values", "changes", "notes"),
    [
        (["a"] * 19 + ["b"] * 101, {}, {"a": "too small", "b": "rest too small"}),
        (["a"] * 120, {}, {"a": "rest empty"}),
        (
            ["a"] * 60 + ["b"] * 60,
            {"groups": ["one"] * 60 + [f"g{row}" for row in range(60)]},
            {"a": "one group", "b": "rest one group"},
        ),
        (["a", "a", "b", "b"] * 30, {}, {"a": "one class", "b": "one class"}),
    ],
)
def test_judge_slices__says_what_it_cannot(values: list[str], changes: Any, notes: dict[str, str]) -> None:
    """Whatever stands in the way of an interval or a comparison is said, and the comparison's numbers are nan."""
    found = judged(make({"part": values}, **changes), metric="auc")
    assert found["note"].to_dict() == notes
    assert found[["difference", "p_value", "p_holm"]].isna().all(axis=None)
    assert found["low"].isna().tolist() == [not note.startswith("rest") for note in notes.values()]


def test_judge_slices__just_large_enough() -> None:
    """Twenty samples are a slice with an interval, and so are two groups."""
    groups = [f"a{row % 2}" for row in range(20)] + [f"b{row}" for row in range(100)]
    row = judged(make({"line": ["a"] * 20 + ["b"] * 100}, groups=groups)).loc["a"]
    assert row["note"] == ""
    assert row["low"] < row["estimate"] < row["high"]
    assert 0 < row["p_value"] <= 1


def test_judge_slices__no_spread() -> None:
    """A slice in which each sample is right has no interval of width zero: twenty groups of twenty are at least 83%."""
    found = judged(make({"line": ["a"] * 40 + ["b"] * 80}, right=np.where(np.arange(120) < 40, 1.0, 0.6)))
    assert (found.loc["a", "estimate"], found.loc["a", "high"]) == (1, 1)
    assert found.loc["a", "low"] == pytest.approx(0.025 ** (1 / 20))


def test_judge_slices__value_without_a_sample() -> None:
    """A value that the domain knows and the test set has not is a slice of 0, and the others are as before."""
    said = make({"line": ["a", "b"] * 60})
    known = pd.DataFrame({"line": ["a", "b"] * 60 + ["c"]})
    chosen = chosen_slices(known, OTHERS, EvaluationConfig()).iloc[:120]
    found = judged(replace(said, slices=chosen))
    assert (found.loc["c", "samples"], found.loc["c", "note"]) == (0, "empty")
    pd.testing.assert_frame_equal(found.drop("c"), judged(said), check_like=True)


def test_judge_slices__no_slices() -> None:
    """A domain without slices has an empty table with the same columns."""
    assert list(judge_slices(make({}), "f1", Resampling(seed=0)).columns) == SLICE_COLUMNS


def test_difference_p_value__is_student_s() -> None:
    """2.5 widened standard deviations with 10 groups have the p-value of t = 2.5, by the tables 0.034."""
    found = np.random.default_rng(0).normal(0, 1, 200_000)
    assert difference_p_value(2.5 * math.sqrt(10 / 9), found, groups=10) == pytest.approx(0.0339, rel=0.03)
    assert difference_p_value(0.0, found, groups=10) == 1
    assert (difference_p_value(0.0, np.zeros(9), groups=3), difference_p_value(0.1, np.zeros(9), groups=3)) == (1, 0)
    assert difference_p_value(1e-17, np.array([1e-17, -1e-17, 0.0]), groups=3) == 1, "rounding is no difference"


@pytest.mark.long
def test_judge_slices__false_alarms_are_rare() -> None:
    """Of 200 slices that differ by chance only, in twelve groups, about one in twenty has p below 0.05."""
    generator = np.random.default_rng(5)
    alarms = 0
    for _ in range(200):
        chance = 0.5 + 0.4 * generator.random(12)[np.arange(120) % 12]
        right = (generator.random(120) < chance).astype(float)
        side = np.where(generator.random(120) < 0.4, "a", "b").tolist()
        said = make({"side": side}, right=right, groups=[f"g{row % 12}" for row in range(120)])
        alarms += judged(said).loc["a", "p_value"] < 0.05
    assert alarms <= 20


def test_holm__worked_example() -> None:
    """The smallest is multiplied by three, the next by two; none falls below the one before it."""
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])


def test_holm__what_was_not_compared_costs_nothing() -> None:
    """A nan stays where it is and does not enter the count."""
    found = holm([0.04, math.nan, 0.01])
    assert math.isnan(found[1])
    assert (found[0], found[2]) == pytest.approx((0.04, 0.02))
    assert holm([]) == []


def test_holm__never_above_one() -> None:
    """Adjusted p-values are probabilities still."""
    assert holm([0.6, 0.9]) == [1.0, 1.0]


def test_holm__rejects_as_the_steps_do() -> None:
    """At any level, what is adjusted to at most it is what going down the sorted p-values rejects."""
    values = np.sort(np.random.default_rng(0).random(40) ** 4)
    for level in (0.01, 0.05, 0.2):
        kept = [step for step, value in enumerate(values) if value > level / (40 - step)]
        assert sum(value <= level for value in holm(values.tolist())) == kept[0]

"""A sweep's table: means, intervals over seeds, and the mark of negative transfer."""

import math

import numpy as np
import pytest

from evaluation.inference.interval import Interval
from evaluation.selection.sweep import TrialScore, difference_interval, mean_interval, summarise, sweep_figure


def trials(**values: list[float]) -> list[TrialScore]:
    """Trials of recipes with these values, one a seed."""
    return [
        TrialScore(recipe, seed, value, 10.0 + seed, 0.9, 0.5 if recipe == "full" else None)
        for recipe, row in values.items()
        for seed, value in enumerate(row)
    ]


def test_mean_interval__student() -> None:
    """For 1, 2, 3 the 95% interval is 2 ± 4.303 · 1 / √3."""
    found = mean_interval([1, 2, 3])
    ends = (2, 2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5)
    assert (found.value, found.low, found.high) == pytest.approx(ends, abs=1e-3)


def test_mean_interval__one_value() -> None:
    """One seed has a mean and no interval."""
    found = mean_interval([0.7])
    assert found.value == 0.7
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_difference_interval__covers_zero_or_not() -> None:
    """Two clearly different samples have an interval on one side of zero, two alike one around it."""
    apart = difference_interval([0.9, 0.91, 0.92], [0.5, 0.52, 0.51])
    assert apart.value == pytest.approx(0.4)
    assert 0.3 < apart.low < 0.4 < apart.high < 0.5
    alike = difference_interval([0.5, 0.6, 0.7], [0.52, 0.61, 0.66])
    assert alike.low < 0 < alike.high


def test_difference_interval__no_variance() -> None:
    """Seeds that change nothing leave the difference itself."""
    assert difference_interval([0.5, 0.5], [0.25, 0.25]) == Interval(0.25, 0.25, 0.25)


def test_summarise__best_first_with_costs() -> None:
    """Rows are sorted by mean and hold the mean cost; recipes without a source head have no agreement."""
    rows = summarise(trials(lora=[0.5, 0.6], full=[0.8, 0.9]), greater_is_better=True)
    assert [row.recipe for row in rows] == ["full", "lora"]
    assert (rows[0].seeds, rows[0].seconds, rows[0].agreement, rows[1].agreement) == (2, 10.5, 0.5, None)
    assert rows[0].mean == pytest.approx(0.85)
    assert {row.note for row in rows} == {""}


def test_summarise__negative_transfer() -> None:
    """A recipe that surely loses to scratch is marked, one that may is told of, one that surely wins is not."""
    rows = summarise(
        trials(scratch=[0.7, 0.71, 0.7], worse=[0.5, 0.51, 0.5], alike=[0.6, 0.7, 0.8], better=[0.9, 0.91, 0.9]),
        greater_is_better=True,
    )
    notes = {row.recipe: row.note for row in rows}
    assert notes["worse"].startswith("NEGATIVE TRANSFER")
    assert notes["alike"] == "not shown to be better than from scratch"
    assert notes["better"] == notes["scratch"] == ""


def test_summarise__of_losses() -> None:
    """Where less is better the smallest mean stands first, with its own sign, and a larger one than scratch's loses."""
    rows = summarise(
        trials(scratch=[0.3, 0.31, 0.3], worse=[0.5, 0.51, 0.5], better=[0.1, 0.11, 0.1]), greater_is_better=False
    )
    assert [row.recipe for row in rows] == ["better", "scratch", "worse"]
    assert rows[0].mean == pytest.approx(0.31 / 3)
    assert [bool(row.note) for row in rows] == [False, False, True]


def test_sweep_figure__a_point_a_recipe() -> None:
    """Mean over cost, with a legend entry for each recipe."""
    (axes,) = sweep_figure(summarise(trials(full=[0.8, 0.9], lora=[0.5, 0.6]), greater_is_better=True), "auc").axes
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"full", "lora"}
    assert np.allclose(axes.containers[0][0].get_xydata(), [[10.5, 0.85]])

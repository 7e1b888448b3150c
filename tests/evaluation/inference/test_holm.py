"""Holm's correction, against worked numbers and what it promises."""

import math

import numpy as np
import pytest

from evaluation.inference.holm import holm


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

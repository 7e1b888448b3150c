"""However often a test set is looked at, the whole chance of being fooled stays what was stated."""

import numpy as np
import pytest

from registry.gate.spending import Turn, effective_looks


def test_level__first_look_is_the_usual_interval() -> None:
    """A first comparison, and a use without one, are judged at the configured level."""
    assert Turn().level(0.95) == pytest.approx(0.95)
    assert Turn(look=None).level(0.9) == pytest.approx(0.9)


def test_level__shares_sum_to_alpha() -> None:
    """One-sided errors of a thousand comparisons stay below alpha, and come close to it."""
    spent = sum((1 - Turn(use=look, look=look).level(0.95)) / 2 for look in range(1, 1001))
    assert 0.0499 < spent < 0.05


def test_effective_looks__by_resemblance() -> None:
    """The same answers again tell nothing new, unrelated ones all; nearly the same lie between."""
    random = np.random.default_rng(0)
    one, other, noise = random.normal(size=(3, 20_000))
    assert effective_looks(np.stack([one] * 10)) == pytest.approx(1)
    assert effective_looks(np.stack([one, other, noise])) == pytest.approx(3, abs=0.01)
    assert effective_looks(np.stack([one, one + 0.3 * other])) == pytest.approx(1.29, abs=0.01)
    assert effective_looks(np.stack([one + 5, other + 5])) == pytest.approx(2, abs=0.01), "gains in common count not"


def test_effective_looks__what_was_not_seen() -> None:
    """Answers of which nothing is shared are unrelated, and so is a challenger that answers like the champion."""
    half = np.array([1.0, -1.0] * 50)
    halves = np.stack([np.r_[half, half * np.nan], np.r_[half * np.nan, half]])
    assert effective_looks(halves) == pytest.approx(2)
    assert effective_looks(np.stack([half, np.zeros(100)])) == pytest.approx(2)
    assert effective_looks(np.zeros((1, 9))) == 1
    assert effective_looks(np.zeros((3, 9))) == 3


def test_effective_looks__never_below_one() -> None:
    """The same answers any number of times are one look, whatever rounding says: fewer there cannot be."""
    random = np.random.default_rng(0)
    found = [effective_looks(np.stack([random.normal(size=97)] * count)) for count in range(1, 40)]
    assert min(found) >= 1
    assert max(found) < 1.001


def test_effective_looks__size_does_not_count() -> None:
    """A gain ten times as large tells no more: what counts is how the samples' gains go together."""
    one, other = np.random.default_rng(0).normal(size=(2, 500))
    pair = np.stack([one, one + other])
    assert effective_looks(pair * [[10.0], [0.1]]) == pytest.approx(effective_looks(pair))
    share = np.corrcoef(pair)[0, 1]
    values = np.sqrt([1 + share, 1 - share])
    assert effective_looks(pair) == pytest.approx(values.sum() ** 2 / 2)


def test_level__of_effective_looks() -> None:
    """What the looks have told counts, not how many there were."""
    assert Turn(use=10, look=10, effective=1.0).level(0.95) == pytest.approx(0.95)
    assert Turn(use=10, look=10, effective=2.0).level(0.95) == Turn(use=2, look=2).level(0.95)
    assert not Turn(use=30, look=30, effective=9.5).spent(10)


@pytest.mark.parametrize(
    ("look", "worn", "spent"), [(6, False, False), (7, True, False), (10, True, False), (11, True, True)]
)
def test_worn__then_spent(look: int, worn: bool, spent: bool) -> None:
    """Of ten comparisons the seventh warns, and the eleventh is one too many."""
    turn = Turn(use=look, look=look)
    assert (turn.worn(10), turn.spent(10)) == (worn, spent)
    assert not Turn(use=9, look=9, effective=6.9).worn(10)


def test_spent__a_use_without_comparison_never_is() -> None:
    """Judging the first model alone spends nothing."""
    assert not Turn(use=99, look=None).spent(1)

"""However often a test set is looked at, the whole chance of being fooled stays what was stated."""

import pytest

from registry.gate.spending import Turn


def test_level__first_look_is_the_usual_interval() -> None:
    """A first comparison, and a use without one, are judged at the configured level."""
    assert Turn().level(0.95) == pytest.approx(0.95)
    assert Turn(look=None).level(0.9) == pytest.approx(0.9)


def test_level__shares_sum_to_alpha() -> None:
    """One-sided errors of a thousand comparisons stay below alpha, and come close to it."""
    spent = sum((1 - Turn(use=look, look=look).level(0.95)) / 2 for look in range(1, 1001))
    assert 0.0499 < spent < 0.05


@pytest.mark.parametrize(
    ("look", "worn", "spent"), [(6, False, False), (7, True, False), (10, True, False), (11, True, True)]
)
def test_worn__then_spent(look: int, worn: bool, spent: bool) -> None:
    """Of ten comparisons the seventh warns, and the eleventh is one too many."""
    turn = Turn(use=look, look=look)
    assert (turn.worn(10), turn.spent(10)) == (worn, spent)


def test_spent__a_use_without_comparison_never_is() -> None:
    """Judging the first model alone spends nothing."""
    assert not Turn(use=99, look=None).spent(1)

"""The level of a check keeps the budget of episodes, with persistence within it."""

import numpy as np
import pytest

from monitoring.budget.level import called, level_of


def test_level_of__one_check() -> None:
    """Where every alarm calls for something the level is the rate."""
    assert level_of(0.01, 1, 1) == pytest.approx(0.01)
    assert level_of(1e-4, 1, 3) == pytest.approx(1e-4)


def test_level_of__two_of_two() -> None:
    """Two in a row by chance are the square."""
    assert level_of(1e-4, 2, 2) == pytest.approx(1e-2)


@pytest.mark.parametrize(("suspect", "of"), [(1, 1), (2, 3), (3, 5)])
def test_level_of__keeps_the_rate_in_a_simulation(suspect: int, of: int) -> None:
    """Of 400,000 quiet windows the declared share calls for something, and fewer are the beginning of an episode."""
    level = level_of(0.01, suspect, of)
    alarms = np.random.default_rng(0).random(400_000) < level
    recent = np.convolve(alarms, np.ones(of), mode="full")[: len(alarms)]
    calls = alarms & (recent >= suspect)
    assert calls.mean() == pytest.approx(0.01, rel=0.05)
    assert (calls[1:] & ~calls[:-1]).mean() <= 0.0105


def test_called__rises_with_the_level() -> None:
    """From nothing to every check."""
    assert called(0.0, 2, 3) == 0
    assert called(1.0, 2, 3) == 1
    assert called(0.1, 2, 3) == pytest.approx(0.1 * (1 - 0.9**2))

"""Student's t gives the ends that the tables give, and an interval knows whether it has ends."""

import math

import pytest

from evaluation.inference.interval import Interval, student_interval, student_t


@pytest.mark.parametrize("numbers", [(math.nan, 0, 1), (0.5, math.nan, 1), (0.5, 0, math.inf)])
def test_interval__is_finite(numbers: tuple[float, float, float]) -> None:
    """One undefined end is enough for no interval."""
    assert Interval(0.5, 0, 1).is_finite
    assert not Interval(*numbers).is_finite


def test_student_interval__by_hand() -> None:
    """The value with 2.776 standard errors either way, for four degrees of freedom."""
    found = student_interval(1.0, 0.5, freedom=4, level=0.95)
    assert (found.value, found.low, found.high) == pytest.approx((1, 1 - 1.388, 1 + 1.388), abs=1e-3)


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.706), (4, 2.776), (30, 2.042), (5000, 1.960)])
def test_student_t__as_in_the_tables(freedom: int, quantile: float) -> None:
    """The two-sided quantile is that of the usual tables."""
    assert student_t(0.95, freedom) == pytest.approx(quantile, abs=1e-3)

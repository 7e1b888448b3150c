"""Thresholds are null quantiles where there are enough windows, and extrapolated where not."""

import numpy as np
import pytest
from scipy.stats import t

from monitoring.nulls import NullWindows
from monitoring.signals.judge import judge
from monitoring.signals.signal import Measurement

SHARE = 0.005
NULL = np.arange(399.0)


def windows(*, groups: int, distinct: int) -> NullWindows:
    """Windows of which only the counts matter."""
    return NullWindows(np.zeros((1, 1), dtype=np.bool_), 1.0, groups, distinct, "whole groups")


@pytest.mark.parametrize(("observed", "p_value", "alarm"), [(397.0, 3 / 400, False), (397.5, 2 / 400, True)])
def test_judge__quantile(observed: float, p_value: float, alarm: bool) -> None:
    """At a share of 0.005 and 399 null values the threshold is the second largest."""
    statistic, note = judge("s", Measurement(observed, NULL), windows(groups=30, distinct=10**6), SHARE)
    assert (statistic.threshold, statistic.p_value, statistic.alarm) == (397.0, p_value, alarm)
    assert note == "whole groups"


def test_judge__extrapolates_where_windows_are_few() -> None:
    """Four groups: the threshold is far above the largest null value, and alarm and p-value agree."""
    few = windows(groups=4, distinct=6)
    below, note = judge("s", Measurement(500.0, NULL), few, SHARE)
    above, _ = judge("s", Measurement(below.threshold + 1, NULL), few, SHARE)
    assert below.threshold > 900
    assert not below.alarm
    assert below.p_value > 0.005
    assert above.alarm
    assert above.p_value < 0.005
    assert "6 distinct windows have no quantile at 0.005" in note


def test_judge__null_without_spread() -> None:
    """A null of one value takes that value as its threshold."""
    statistic, _ = judge("s", Measurement(2.0, np.ones(399)), windows(groups=4, distinct=6), SHARE)
    assert statistic.threshold == pytest.approx(1.0)
    assert statistic.alarm


def test_judge__extrapolated_by_hand() -> None:
    """Mean and spread of the null, widened for as few groups, by Student's t; one group counts as two."""
    error = NULL.std() * (1 + 1 / 4) ** 0.5
    found, _ = judge("s", Measurement(500.0, NULL), windows(groups=4, distinct=6), SHARE)
    assert found.threshold == pytest.approx(NULL.mean() + t.ppf(1 - SHARE, 3) * error)
    assert found.p_value == pytest.approx(t.sf((500.0 - NULL.mean()) / error, 3))
    one, _ = judge("s", Measurement(500.0, NULL), windows(groups=1, distinct=1), SHARE)
    assert one.threshold == pytest.approx(NULL.mean() + t.ppf(1 - SHARE, 1) * NULL.std() * 2**0.5)


def test_judge__as_many_windows_as_a_quantile_takes() -> None:
    """199 distinct windows have a quantile at 0.005, 198 have none."""
    notes = [judge("s", Measurement(1.0, NULL), windows(groups=30, distinct=count), SHARE)[1] for count in (199, 198)]
    assert [note == "whole groups" for note in notes] == [True, False]


def test_judge__rank_is_no_victim_of_rounding() -> None:
    """0.29 of 100 is 28.999… by floating point and 29 in truth: the 29th largest is the threshold."""
    found, _ = judge("s", Measurement(0.0, np.arange(99.0)), windows(groups=30, distinct=10**6), 0.29)
    assert found.threshold == 70.0

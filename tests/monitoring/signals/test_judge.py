"""Thresholds are null quantiles, and are shown only where they can be had and reached."""

import numpy as np
import pytest

from monitoring.nulls.blocks import Blocks
from monitoring.nulls.windows import NullWindows
from monitoring.signals.judge import judge, missing
from monitoring.signals.report import DriftStatistic, Unjudged
from monitoring.signals.signal import Measurement

SHARE = 0.005
NULL = np.arange(399.0)
ENOUGH = Blocks(np.arange(100))


def blocks(count: int, size: int = 10, by: str = "session") -> Blocks:
    """Equal blocks."""
    return Blocks(np.repeat(np.arange(count), size), by)


def judged(
    observed: float, null: np.ndarray = NULL, *, distinct: int = 10**6, share: float = SHARE, ceiling: float = np.inf
) -> DriftStatistic | Unjudged:
    """The judgement of null windows of which only the counts matter."""
    rest = np.zeros((1, 1), dtype=np.bool_)
    windows = NullWindows(np.zeros((1, 1), dtype=np.int64), rest, ENOUGH, blocks(9), 1.0, distinct, "whole groups")
    return judge("s", Measurement(observed, null), windows, share, ceiling)


@pytest.mark.parametrize(("observed", "p_value", "alarm"), [(397.0, 3 / 400, False), (397.5, 2 / 400, True)])
def test_judge__quantile(observed: float, p_value: float, alarm: bool) -> None:
    """At a share of 0.005 and 399 null values the threshold is the second largest."""
    found = judged(observed)
    assert (found.threshold, found.p_value, found.alarm, found.note) == (397.0, p_value, alarm, "whole groups")


def test_judge__as_many_windows_as_a_quantile_takes() -> None:
    """199 distinct windows have a quantile at 0.005, with 198 nothing can be said."""
    assert isinstance(judged(1.0, distinct=199), DriftStatistic)
    assert judged(1.0, distinct=198).needs == (
        "198 distinct null windows can be drawn, 199 are needed: needs more groups in the reference, or a smaller "
        "monitoring.window"
    )


def test_judge__threshold_out_of_reach() -> None:
    """A threshold as large as the statistic can be is not shown."""
    assert judged(1.0, ceiling=397.5).threshold == 397
    assert judged(1.0, ceiling=397.0) == Unjudged(
        "s", "the window would have to differ wholly to alarm: needs more sessions"
    )


def test_judge__rank_is_no_victim_of_rounding() -> None:
    """0.29 of 100 is 28.999… by floating point and 29 in truth: the 29th largest is the threshold."""
    assert judged(0.0, np.arange(99.0), share=0.29).threshold == 70.0


@pytest.mark.parametrize(
    ("known", "window", "needs"),
    [
        (blocks(24, 1, ""), ENOUGH, None),
        (blocks(23, 1, ""), ENOUGH, "needs 1 more validation samples in the reference"),
        (blocks(8), ENOUGH, None),
        (blocks(6), ENOUGH, "the reference has 6 groups, worth 6 equal ones: needs 2 more groups"),
        (blocks(8), blocks(8), None),
        (blocks(8), blocks(3), "the window has 3 blocks by session, worth 3 equal ones: needs 5 more sessions"),
        (blocks(8), blocks(7, by="group"), "the window has 7 blocks by group, worth 7 equal ones: needs 1 more groups"),
    ],
)
def test_missing__says_what_and_how_many(known: Blocks, window: Blocks, needs: str | None) -> None:
    """A null takes 24 rows and 8 groups of the reference, and a window 8 blocks."""
    assert missing("s", known, window) == (needs and Unjudged("s", needs))

"""The trial of a check says what real quiet windows of digits do, and which shift of their classes is found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from monitoring.config import MonitoringConfig
from monitoring.nulls.blocks import Blocks
from monitoring.trial import Trial, try_out
from tests.monitoring.scenes import digits, reference

CONFIG = MonitoringConfig(window=100)


def single(rows: int) -> Blocks:
    """Rows that came alone."""
    return Blocks(np.arange(rows))


@pytest.fixture(scope="module")
def tried() -> Trial:
    """The trial of digits, of which 1,000 are known."""
    found = try_out(reference(), single(100), CONFIG)
    assert found is not None
    return found


def test_try_out__quiet_windows_keep_the_level(tried: Trial) -> None:
    """Of 200 windows of 100 at 5% ten may alarm, and three deviations."""
    assert (tried.rows, tried.quiet, tried.level) == (100, 200, 0.05)
    assert tried.alarms <= 10 + 3 * (200 * 0.05 * 0.95) ** 0.5
    assert tried.rate[1] < 0.05


def test_try_out__smallest_shift(tried: Trial) -> None:
    """Of ten classes one more in every five to two samples is found, at the declared level."""
    assert tried.smallest is not None
    assert 0.1 <= tried.smallest <= 0.4
    assert tried.declared == pytest.approx(0.01)


def test_try_out__a_larger_window_finds_a_smaller_shift(tried: Trial) -> None:
    """With 24 rows more must change."""
    few = try_out(reference(), single(24), CONFIG)
    assert few is not None
    assert few.rows == 24
    assert few.smallest is None or few.smallest > (tried.smallest or 0)


def test_try_out__no_shift_that_cannot_be_had() -> None:
    """Beside 200 of the other 500 rows there are 30 of a class: a share of 20% cannot be made, and is not told of."""
    found = try_out(reference(), single(200), CONFIG)
    assert found is not None
    assert (found.smallest, found.most) in {(None, 0.1), (0.1, 0.1), (0.05, 0.05)}


def test_try_out__one_class_alone() -> None:
    """Where all are of one class nothing can become one."""
    said = [np.array([1.0, 0.0])] * 1000
    found = try_out(replace(reference(), rows=reference().rows.assign(probabilities=said)), single(100), CONFIG)
    assert found is not None
    assert (found.smallest, found.most) == (None, 0.0)


def test_try_out__no_such_rare_level_is_measured() -> None:
    """A level that takes more null windows than a trial draws is said not to be the declared one."""
    rare = CONFIG.model_copy(update={"false_alarm": 1e-4})
    found = try_out(reference(), single(100), rare)
    assert found is not None
    assert found.declared == pytest.approx(2 / 4001)


def test_try_out__groups_stay_together() -> None:
    """Digits of one class a group: no window is like the other half, and nothing of it is in the half it is held to."""
    rows = reference().rows.assign(group=[f"d{label}-{n % 2}" for n, label in enumerate(digits()["label"][:1000])])
    found = try_out(replace(reference(), rows=rows), single(100), CONFIG)
    assert found is not None
    assert found.alarms <= 40


def test_try_out__too_little() -> None:
    """Half of 40 rows is too little to be judged by."""
    few = replace(reference(), rows=reference().rows[:40])
    assert try_out(few, single(100), CONFIG) is None


def test_try_out__answers_that_were_learned_are_no_windows() -> None:
    """Where only validation rows can be held against windows, windows are of such."""
    rows = reference().rows.assign(split=["val" if n < 300 else "train" for n in range(1000)])
    found = try_out(replace(reference(), rows=rows), single(100), CONFIG)
    assert found is not None
    assert 50 <= found.rows <= 100
    assert found.alarms <= 10 + 3 * (200 * 0.05 * 0.95) ** 0.5


def test_told__for_people() -> None:
    """Both figures in words."""
    shown = Trial(100, 200, 9, 0.05, 0.3, 0.01, 0.3).told
    assert "of 200 quiet windows of 100 4.5% alarm at a level of 5% (2.1% to 8.4% if draws were independent)" in shown
    assert "four of five windows are found at a level of 0.01 if 30% of its samples become one class" in shown
    assert "not even if 90% of them become one class" in Trial(100, 200, 9, 0.05, None, 0.01, 0.9).told
    assert "not even if 40% of them, for which there are samples enough, become one" in (
        Trial(100, 200, 9, 0.05, None, 0.01, 0.4).told
    )
    assert "no class has enough samples" in Trial(100, 200, 9, 0.05, None, 0.01, 0.0).told


def test_try_out__same_seed_same_trial(tried: Trial) -> None:
    """It can be told again."""
    assert try_out(reference(), single(100), CONFIG) == tried
    assert isinstance(reference().rows, pd.DataFrame)

"""Null windows are made of whole groups as far as the reference reaches."""

import numpy as np
import pytest

from monitoring.errors import MonitoringError
from monitoring.nulls import draw_null_windows


def labels(groups: int, size: int) -> list[str]:
    """Contiguous groups of one size."""
    return [f"g{number // size}" for number in range(groups * size)]


def test_draw_null_windows__whole_groups_of_the_window_size() -> None:
    """A window of 40 rows is 4 whole groups of 10, other ones each time."""
    null = draw_null_windows(labels(30, 10), 40, resamples=50, seed=0)
    taken = null.members.reshape(50, 30, 10).sum(axis=2)
    assert set(np.unique(taken)) == {0, 10}
    assert (taken.sum(axis=1) == 40).all()
    assert len(np.unique(taken, axis=0)) > 40
    assert null.note == "whole groups, 30 groups in 300 rows, worth 30 equal ones"


def test_draw_null_windows__scale_of_a_window_against_the_whole() -> None:
    """40 of 300: (1/40 + 1/300) / (1/40 + 1/260)."""
    null = draw_null_windows(labels(30, 10), 40, resamples=1, seed=0)
    assert null.scale == pytest.approx((1 / 40 + 1 / 300) / (1 / 40 + 1 / 260))


def test_draw_null_windows__reference_below_two_windows() -> None:
    """Null windows are half of the reference, and the note says so."""
    null = draw_null_windows(labels(20, 5), 80, resamples=10, seed=0)
    assert (null.members.sum(axis=1) == 50).all()
    assert null.scale < 1
    assert "100 rows are less than two windows: null windows of 50 rows, rescaled to 80" in null.note


def test_draw_null_windows__too_few_groups() -> None:
    """Three groups are no null: runs of 10 contiguous rows take their place, and the note says so."""
    null = draw_null_windows(labels(3, 40), 20, resamples=10, seed=0)
    assert (null.members.reshape(10, 12, 10).sum(axis=2) % 10 == 0).all()
    assert "fallback, 3 groups in 120 rows" in null.note
    assert "runs of 10 contiguous rows instead" in null.note


def test_draw_null_windows__one_group_holds_most_rows() -> None:
    """Many groups beside a giant are worth few."""
    null = draw_null_windows(["giant"] * 180 + labels(20, 1), 20, resamples=10, seed=0)
    assert null.groups == 1
    assert null.note.startswith("fallback, 21 groups")


def test_draw_null_windows__rows_without_groups() -> None:
    """Where every row is its own group, the note names the assumption."""
    assert "independent" in draw_null_windows(labels(50, 1), 20, resamples=10, seed=0).note


def test_draw_null_windows__reference_too_small() -> None:
    """A reference of 23 rows is refused."""
    with pytest.raises(MonitoringError, match="has 23 rows, a null needs at least 24"):
        draw_null_windows(labels(23, 1), 10, resamples=10, seed=0)


def test_draw_null_windows__just_enough() -> None:
    """24 rows are a null, and four groups are taken whole."""
    assert draw_null_windows(labels(24, 1), 10, resamples=10, seed=0).members.shape == (10, 24)
    null = draw_null_windows(labels(4, 30), 30, resamples=50, seed=0)
    assert set(np.unique(null.members.reshape(50, 4, 30).sum(axis=2))) == {0, 30}
    assert (null.groups, null.distinct) == (4, 4)

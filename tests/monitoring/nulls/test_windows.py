"""Null windows have the blocks of the window, filled from groups of the reference."""

import numpy as np
import pytest

from monitoring.nulls.blocks import Blocks
from monitoring.nulls.windows import NullWindows, draw_null_windows


def labels(groups: int, size: int) -> list[str]:
    """Contiguous groups of one size."""
    return [f"g{number // size}" for number in range(groups * size)]


def single(rows: int) -> Blocks:
    """Rows that came alone."""
    return Blocks(np.arange(rows))


def sessions(count: int, size: int) -> Blocks:
    """Sessions of one size."""
    return Blocks(np.repeat(np.arange(count), size), "session")


def groups_of(null: NullWindows, size: int) -> np.ndarray:
    """Rows of each group that each null window has."""
    return null.members.reshape(len(null.rows), -1, size).sum(axis=2)


def test_draw_null_windows__whole_groups_where_traffic_tells_nothing() -> None:
    """A window of 40 rows is 4 whole groups of 10, other ones each time, against the 26 others."""
    null = draw_null_windows(labels(30, 10), single(40), resamples=50, seed=0)
    taken = groups_of(null, 10)
    assert set(np.unique(taken)) == {0, 10}
    assert (taken.sum(axis=1) == 40).all()
    assert len(np.unique(taken, axis=0)) > 40
    assert (null.rest == ~null.members).all()
    assert null.note.startswith("whole groups, 30 groups of the reference, worth 30 equal ones")


def test_draw_null_windows__each_session_from_a_group_of_its_own() -> None:
    """Four sessions of 5 are 5 rows of four groups of 10; the other rows of these are compared with nothing."""
    null = draw_null_windows(labels(30, 10), sessions(4, 5), resamples=50, seed=0)
    taken = groups_of(null, 10)
    assert set(np.unique(taken)) == {0, 5}
    assert ((taken > 0).sum(axis=1) == 4).all()
    assert (null.rest.reshape(50, 30, 10).all(axis=2) == (taken == 0)).all()
    for block in range(4):
        assert (null.rows[:, null.blocks.labels == block] // 10 == null.rows[:, [5 * block]] // 10).all()
    assert "as the window's 4 blocks by session, worth 4 equal ones, came, each filled from one of 30" in null.note


def test_draw_null_windows__sessions_larger_than_a_group() -> None:
    """A session of 15 takes what it lacks from the next group."""
    null = draw_null_windows(labels(30, 10), sessions(2, 15), resamples=20, seed=0)
    assert (null.members.sum(axis=1) == 30).all()
    assert ((groups_of(null, 10) > 0).sum(axis=1) <= 4).all()


def test_draw_null_windows__more_sessions_than_groups() -> None:
    """Half of the groups fill the window, the other half is what it is compared with."""
    null = draw_null_windows(labels(10, 20), sessions(16, 5), resamples=20, seed=0)
    assert ((groups_of(null, 20) > 0).sum(axis=1) == 5).all()
    assert (null.rest.sum(axis=1) == 100).all()


def test_draw_null_windows__reference_without_groups() -> None:
    """Sessions are filled with single rows; that they are alike is for the signals to see."""
    null = draw_null_windows(labels(100, 1), sessions(4, 5), resamples=5, seed=0)
    assert len(null.blocks.sizes) == 4
    assert "the reference has no groups, the window tells how alike a block is" in null.note


def test_draw_null_windows__scale_of_a_window_against_the_whole() -> None:
    """40 of 300, each in units of its own spread: (1 + 40/300) / (1 + 40/260); with sessions never below 1."""
    null = draw_null_windows(labels(30, 10), single(40), resamples=1, seed=0)
    assert null.scale == pytest.approx((1 + 40 / 300) / (1 + 40 / 260))
    assert draw_null_windows(labels(30, 10), sessions(4, 10), resamples=1, seed=0).scale == 1
    assert draw_null_windows(labels(10, 10), sessions(8, 10), resamples=1, seed=0).scale > 0.89


def test_draw_null_windows__reference_below_two_windows() -> None:
    """Null windows are half of the reference, and the note says so."""
    null = draw_null_windows(labels(20, 5), single(80), resamples=10, seed=0)
    assert (null.members.sum(axis=1) == 50).all()
    assert null.scale < 1
    assert "100 rows are less than two windows: null windows of 50 rows, rescaled to 80" in null.note


def test_draw_null_windows__rows_without_groups() -> None:
    """Where every row is its own group, the note names the assumption."""
    assert "independent" in draw_null_windows(labels(50, 1), single(20), resamples=10, seed=0).note


def test_draw_null_windows__counts_what_can_be_drawn() -> None:
    """Two of four groups: six; of 30 groups four sessions: 27,405."""
    assert draw_null_windows(labels(4, 30), single(60), resamples=1, seed=0).distinct == 6
    assert draw_null_windows(labels(30, 10), sessions(4, 5), resamples=1, seed=0).distinct == 27405


def test_draw_null_windows__just_enough() -> None:
    """Four groups are taken whole, one at a time."""
    null = draw_null_windows(labels(4, 30), single(30), resamples=50, seed=0)
    assert set(np.unique(groups_of(null, 30))) == {0, 30}
    assert null.distinct == 4


def test_null_windows__in_parts() -> None:
    """1,100 windows are measured in three parts, which are the same windows."""
    null = draw_null_windows(labels(30, 2), single(8), resamples=1100, seed=0)
    parts = list(null.parts)
    assert [len(part.rows) for part in parts] == [500, 500, 100]
    assert (np.concatenate([part.rows for part in parts]) == null.rows).all()
    assert (np.concatenate([part.rest for part in parts]) == null.rest).all()


def test_null_windows__placed_in_a_larger_table() -> None:
    """The same rows of a table in which the reference is every other row."""
    null = draw_null_windows(labels(10, 2), single(4), resamples=7, seed=0)
    placed = null.placed(np.arange(1, 41, 2), 50)
    assert (placed.rows == 2 * null.rows + 1).all()
    assert placed.rest.shape == (7, 50)
    assert (placed.rest[:, 1:41:2] == null.rest).all()
    assert not placed.rest[:, ::2].any()

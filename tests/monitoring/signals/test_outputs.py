"""The outputs' signal: the class that shows most, whatever the classes are to one another."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from monitoring.nulls.blocks import in_blocks
from monitoring.nulls.windows import draw_null_windows
from monitoring.reference import Reference
from monitoring.signals.outputs import Outputs
from monitoring.signals.signal import Measurement, measured

Frame = Callable[..., pd.DataFrame]


def told(reference: pd.DataFrame, window: pd.DataFrame) -> Measurement:
    """The signal with 20 null windows."""
    null = draw_null_windows(list(reference["group"]), in_blocks(window, [])[1], resamples=20, seed=0)
    return measured(Outputs(), reference, window, null, seed=0)


def column(frame: pd.DataFrame, place: int) -> list[float]:
    """The probabilities of one class."""
    return [row[place] for row in frame["probabilities"]]


def test_outputs__two_classes_are_one_distance(grouped: Frame) -> None:
    """The distance is SciPy's of the last class, and no null window is larger than one."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=12), grouped(rng, groups=4, shift=1)
    found = told(reference, window)
    assert found.observed == pytest.approx(ks_2samp(column(reference, 1), column(window, 1)).statistic)
    assert found.null.shape == (20,)
    assert 0 < found.null.max() < 1


def test_outputs__two_labels_that_do_not_exclude_each_other(grouped: Frame) -> None:
    """Where two columns do not add up to one, a shift of the first is seen beside a quiet second."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=12), grouped(rng, groups=4, shift=3)
    for frame in (reference, window):
        frame["probabilities"] = frame["probabilities"].map(lambda row: np.array([row[0], 0.5]))
    expected = ks_2samp(column(reference, 0), column(window, 0)).statistic
    assert expected > 0.5
    assert told(reference, window).observed == pytest.approx(expected)


def test_outputs__largest_of_many_classes(grouped: Frame) -> None:
    """With three classes the one that moved most counts."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=12), grouped(rng, groups=4, shift=1)
    for frame in (reference, window):
        frame["probabilities"] = [
            np.append(0.9 * row, noise)
            for row, noise in zip(frame["probabilities"], rng.random(len(frame)), strict=True)
        ]
    distances = [ks_2samp(column(reference, k), column(window, k)).statistic for k in range(3)]
    assert told(reference, window).observed == pytest.approx(max(distances))


def test_outputs__compares_validation_rows_only(grouped: Frame) -> None:
    """What the model was trained on is left out."""
    reference = grouped(np.random.default_rng(0), groups=12)
    reference.loc[:29, "split"] = "train"
    assert Outputs().comparable(Reference(reference, "", ())).index.tolist() == list(range(30, 120))


def test_outputs__null_windows_take_the_largest_too(grouped: Frame) -> None:
    """Of three classes each null window has its own largest distance, as the window has."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=12), grouped(rng, groups=4)
    for frame in (reference, window):
        frame["probabilities"] = [np.append(0.9 * row, rng.random()) for row in frame["probabilities"]]
    null = draw_null_windows(list(reference["group"]), in_blocks(window, [])[1], resamples=20, seed=0)
    known = [np.array(column(reference, place)) for place in range(3)]
    expected = [max(ks_2samp(one[mark], one[~mark]).statistic for one in known) for mark in null.members]
    assert told(reference, window).null == pytest.approx(np.array(expected) * null.scale**0.5)


def test_outputs__only_what_was_validated(grouped: Frame) -> None:
    """Neither training rows nor any others take part."""
    reference = grouped(np.random.default_rng(0), groups=12)
    reference.loc[:29, "split"] = "test"
    assert len(Outputs().comparable(Reference(reference, "", ()))) == 90


def test_outputs__all_rows_where_none_was_learned_from(grouped: Frame) -> None:
    """After a refit every answer is by heads that had not seen the sample."""
    reference = grouped(np.random.default_rng(0), groups=12)
    reference.loc[:29, "split"] = "train"
    assert len(Outputs().comparable(Reference(reference, "", (), held_out=True))) == 120


def test_outputs__what_is_all_rounding_is_no_drift(grouped: Frame) -> None:
    """A sure network of which one runtime says 0 and another 1e-12 says the same."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=12), grouped(rng, groups=4)
    for frame, least in ((reference, 1e-12), (window, 0.0)):
        frame["probabilities"] = [np.array([1 - least, least])] * len(frame)
    assert told(reference, window).observed == 0


def test_outputs__sessions_more_alike_than_groups(grouped: Frame) -> None:
    """Sessions that say either this or that widen the null beyond that of groups which say both."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=30), grouped(rng, groups=10)
    sides = np.repeat(rng.permutation([0.1, 0.9] * 5), 10) + rng.normal(0, 0.01, 100)
    alike = window.assign(probabilities=[np.array([1 - side, side]) for side in sides])
    null = draw_null_windows(list(reference["group"]), in_blocks(window, ["group"])[1], resamples=40, seed=0)
    usual, wide = (np.median(measured(Outputs(), reference, rows, null, seed=0).null) for rows in (window, alike))
    assert wide > 1.5 * usual


def test_outputs__a_class_that_never_comes(grouped: Frame) -> None:
    """A class that neither side has has no spread, and changes nothing."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=30), grouped(rng, groups=10)
    null = draw_null_windows(list(reference["group"]), in_blocks(window, ["group"])[1], resamples=40, seed=0)
    before = measured(Outputs(), reference, window, null, seed=0)
    for frame in (reference, window):
        frame["probabilities"] = frame["probabilities"].map(lambda row: np.append(row, 0.0))
    after = measured(Outputs(), reference, window, null, seed=0)
    assert after.observed == pytest.approx(before.observed, abs=0.02)
    assert np.isfinite(after.null).all()

"""A reference names the facts of its inputs, and is thinned by whole groups."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from monitoring.reference import Reference, rebased, thin

Frame = Callable[..., pd.DataFrame]


def test_reference__facts_are_its_numbers(grouped: Frame) -> None:
    """Whatever a sample kind measures is a fact; groups and splits are none even if they are numbers."""
    rows = grouped(np.random.default_rng(0), groups=4).assign(group=7, tokens=12, hash="h")
    assert Reference(rows, "t" * 64, ("a", "b")).facts == ["brightness", "tokens"]


def test_thin__takes_whole_groups_in_order(grouped: Frame) -> None:
    """Of 3,000 rows 2,000 stay: 200 whole groups, in the order of the reference."""
    reference = grouped(np.random.default_rng(0), groups=300)
    thinned = thin(reference, seed=1)
    assert len(thinned) == 2000
    assert (thinned["group"].value_counts() == 10).all()
    assert thinned.index.is_monotonic_increasing


def test_thin__leaves_a_small_reference_alone(grouped: Frame) -> None:
    """Up to 2,000 rows nothing is left out."""
    reference = grouped(np.random.default_rng(0), groups=200)
    assert thin(reference, seed=1) is reference


def test_thin__a_group_larger_than_all_that_may_stay(grouped: Frame) -> None:
    """The first group that is drawn stays, however large: nothing could be compared with no rows."""
    reference = grouped(np.random.default_rng(0), groups=1, size=2500)
    assert len(thin(reference, seed=1)) == 2500


def test_rebased__rows_that_were_accepted(grouped: Frame) -> None:
    """They take the place of the others, as validation rows, in groups of the log: session, else group, else alone."""
    rng = np.random.default_rng(0)
    reference = Reference(grouped(rng, groups=4).assign(truth="a"), "t" * 64, ("a", "b"))
    seen = grouped(rng, groups=1, size=3).assign(session=["s", None, None], group=["g", "g", None], split="test")
    found = rebased(reference, seen).rows
    assert list(found["group"]) == ["s", "g", seen["hash"].iloc[2]]
    assert list(found["split"]) == ["val"] * 3
    assert list(found["brightness"]) == list(seen["brightness"])
    assert "truth" not in found
    assert rebased(reference, seen[:0]) is reference

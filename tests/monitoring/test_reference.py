"""A reference is thinned by whole groups."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from monitoring.reference import thin

Frame = Callable[..., pd.DataFrame]


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

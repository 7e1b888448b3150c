"""How far the mean of rows that come in blocks lies from the truth by chance, as the blocks themselves tell."""

import numpy as np

from monitoring.arrays import Array
from monitoring.nulls.blocks import Places
from monitoring.nulls.windows import NullWindows

Sums = tuple[Array, Array]


def relative_spread(null: NullWindows, window: Sums, nulls: Sums, alone: float) -> Array:
    """The sampling spread of the window's mean, divided by that of each null window's [R].

    `window` and `nulls` are what `mean_spread` takes of both, `alone` is the squared spread of a single row.
    """
    ours = mean_spread(*window, null.window.sizes, alone / len(null.window))
    theirs = mean_spread(*nulls, null.blocks.sizes, alone / len(null.blocks))
    ratio: Array = ours / theirs
    return ratio


def mean_spread(own: Array, total: Array, sizes: Places, least: float) -> Array:
    """Squared sampling spread [R] of the mean of rows in blocks of `sizes`: unbiased where blocks are independent.

    By blocks, not rows: the mean of few blocks that are alike within varies more than that of as many single rows
    (Kish 1965, "Survey Sampling", the design effect). To divide by it makes windows of any likeness comparable, as
    Student's t does.

    Args:
        own: sums [R] over the blocks of the squared length of each block's sum, in the space of the statistic.
        total: squared length [R] of the sum of all rows there.
        sizes: rows of each block, at least two blocks.
        least: what it is never below: that of as many independent rows.
    """
    rows, squares = float(sizes.sum()), float((sizes.astype(np.float64) ** 2).sum())
    between = (total - own) / (rows**2 - squares)
    return np.maximum((own - squares * between) / rows**2, least)

"""Many comparisons at once: p-values corrected so that one false alarm among all of them stays rare."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns the adjusted p-values, in the order given; a nan was not compared, stays nan and costs nothing.

    Rejecting what is at most alpha keeps the chance of any false rejection at most alpha, however the tests depend
    on each other (Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure").
    """
    given = np.asarray(p_values, dtype=np.float64)
    compared = np.flatnonzero(~np.isnan(given))
    order = compared[np.argsort(given[compared], kind="stable")]
    adjusted = np.full(len(given), np.nan)
    steps = given[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted.tolist()

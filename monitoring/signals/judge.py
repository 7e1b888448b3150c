"""Is an observed statistic more than its null allows, and can that be said at all?"""

from math import ceil

import numpy as np

from monitoring.nulls.blocks import Blocks
from monitoring.nulls.windows import NullWindows
from monitoring.signals.report import DriftStatistic, Unjudged
from monitoring.signals.signal import Measurement

LEAST_ROWS = 24
LEAST_GROUPS = 8  # with 6 groups five times as many quiet windows alarm as the budget allows, with 8 no more
LEAST_BLOCKS = 8  # of 4 sessions of cells seven in a hundred quiet windows alarm at a budget of one


def missing(name: str, known: Blocks, window: Blocks) -> Unjudged | None:
    """What a signal lacks to be judged with a reference in `known` blocks and a window in `window` blocks."""
    if len(known) < LEAST_ROWS:
        return Unjudged(name, f"needs {LEAST_ROWS - len(known)} more validation samples in the reference")
    if known.worth < LEAST_GROUPS:
        held = f"{len(known.sizes)} groups, worth {known.worth} equal ones"
        return Unjudged(name, f"the reference has {held}: needs {LEAST_GROUPS - known.worth} more groups")
    if window.worth < LEAST_BLOCKS:
        held = f"{len(window.sizes)} blocks by {window.by}, worth {window.worth} equal ones"
        return Unjudged(name, f"the window has {held}: needs {LEAST_BLOCKS - window.worth} more {window.by}s")
    return None


def judge(
    name: str, measured: Measurement, windows: NullWindows, share: float, ceiling: float
) -> DriftStatistic | Unjudged:
    """Judges what was observed against its null at its `share` of the false-alarm budget.

    The threshold is the null's quantile, and the statistic alarms exactly if its p-value is within its share. Nothing
    is said where fewer distinct windows can be drawn than such a quantile takes, or where the threshold is one that
    the statistic cannot reach. Of fewer null windows than the share takes the largest is the threshold.
    """
    observed, null = measured.observed, measured.null
    if (1 + windows.distinct) * share < 1:
        wanted = ceil(1 / share) - 1
        told = f"{windows.distinct} distinct null windows can be drawn, {wanted} are needed"
        return Unjudged(name, f"{told}: needs more groups in the reference, or a smaller monitoring.window")
    # The small term keeps a product that is an integer, but for floating point, from being cut to the one below.
    rank = max(1, int(share * (1 + len(null)) + 1e-9))
    threshold = float(np.sort(null)[-rank])
    if threshold >= ceiling:
        return Unjudged(name, f"the window would have to differ wholly to alarm: needs more {_units(windows.window)}")
    p_value = (1 + int((null >= observed).sum())) / (1 + len(null))
    return DriftStatistic(name, observed, threshold, p_value, observed > threshold, tuple(null.tolist()), windows.note)


def _units(window: Blocks) -> str:
    return "samples" if window.single else f"{window.by}s"

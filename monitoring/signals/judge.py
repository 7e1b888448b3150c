"""Is an observed statistic more than its null allows?"""

import numpy as np

from monitoring.arrays import Array
from monitoring.nulls import NullWindows
from monitoring.signals.report import DriftStatistic
from monitoring.signals.signal import Measurement


def judge(name: str, measured: Measurement, windows: NullWindows, share: float) -> tuple[DriftStatistic, str]:
    """Judges what was observed against its null at its `share` of the false-alarm budget, and notes how.

    The threshold is the null's quantile, and the statistic alarms exactly if its p-value is within its share. Groups
    that can make fewer distinct windows than such a quantile takes would put the threshold at the largest of a handful
    of values: there it is extrapolated instead.
    """
    observed, null = measured.observed, measured.null
    if (1 + windows.distinct) * share < 1:
        threshold, p_value = _extrapolated(observed, null, windows.groups, share)
        note = (
            f"{windows.note}; fallback, {windows.distinct} distinct windows have no quantile at {share:g}: threshold "
            f"extrapolated by Student's t, expect more false alarms than the budget"
        )
    else:
        threshold, p_value = _quantile(observed, null, share)
        note = windows.note
    return DriftStatistic(name, observed, threshold, p_value, observed > threshold, tuple(null.tolist())), note


def _quantile(observed: float, null: Array, share: float) -> tuple[float, float]:
    """Threshold and p-value by rank."""
    p_value = (1 + int((null >= observed).sum())) / (1 + len(null))
    # The small term keeps a product that is an integer, but for floating point, from being cut to the one below.
    rank = int(share * (1 + len(null)) + 1e-9)
    return float(np.sort(null)[-rank]), p_value


def _extrapolated(observed: float, null: Array, groups: int, share: float) -> tuple[float, float]:
    """Threshold and p-value of a prediction interval: mean and spread of the null, Student's t by the groups.

    Simulated with 4, 6 and 8 groups alike within, at a budget of 1%: 6, 5 and 1.5% of quiet windows alarm, where the
    largest null value as the threshold gives 37, 21 and 7%, and shorter blocks 50, 29 and 22%.
    """
    from scipy import stats

    freedom = max(1, groups - 1)
    spread = max(float(null.std()) * (1 + 1 / groups) ** 0.5, float(np.finfo(float).tiny))
    threshold = float(null.mean() + stats.t.ppf(1 - share, freedom) * spread)
    return threshold, float(stats.t.sf((observed - null.mean()) / spread, freedom))

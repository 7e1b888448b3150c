"""Drift of a window against the reference: every signal with a null calibrated on the reference.

The signals share one false-alarm budget (Bonferroni).
"""

import pandas as pd

from monitoring.config import MonitoringConfig
from monitoring.errors import MonitoringError
from monitoring.nulls import draw_null_windows
from monitoring.reference import Reference, thin
from monitoring.signals import watched
from monitoring.signals.judge import judge
from monitoring.signals.report import DriftReport, DriftStatistic
from monitoring.signals.signal import Signal
from monitoring.windows import Window

MINIMUM_ROWS = 2


def measure_drift(reference: Reference, window: Window, config: MonitoringConfig) -> DriftReport:
    """Compares the usable rows of `window` with a package's drift reference.

    Args:
        reference: of the package.
        window: of the version that the reference belongs to.
        config: budget, resamples and seed.

    Raises:
        MonitoringError: fewer than 2 usable rows, a reference too small for a null, or rows of another model.
    """
    seen = window.usable
    if len(seen) < MINIMUM_ROWS:
        raise MonitoringError(f"the window has {len(seen)} usable rows of {window.samples}; score more files first")
    judged = [_judged(signal, reference.rows, seen, config) for signal in watched.SIGNALS]
    return DriftReport(
        statistics=tuple(statistic for statistic, _ in judged),
        drift=any(statistic.alarm for statistic, _ in judged),
        window_rows=len(seen),
        reference_rows=len(thin(reference.rows, seed=config.seed)),
        false_alarm=config.false_alarm,
        calibration=". ".join(f"{statistic.name}: {note}" for statistic, note in judged),
    )


def _judged(
    signal: Signal, reference: pd.DataFrame, window: pd.DataFrame, config: MonitoringConfig
) -> tuple[DriftStatistic, str]:
    """What one signal says of the window, and how its null was made."""
    known = thin(signal.comparable(reference), seed=config.seed)
    null = draw_null_windows(list(known["group"]), len(window), resamples=config.resamples, seed=config.seed)
    return judge(signal.name, signal.measure(known, window, null, seed=config.seed), null, config.share)

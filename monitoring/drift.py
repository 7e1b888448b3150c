"""Drift of a window against the reference: every signal with a null calibrated on the reference.

The signals share one false-alarm budget (Bonferroni).
"""

import numpy as np
import pandas as pd

from monitoring.config import MonitoringConfig
from monitoring.errors import MonitoringError
from monitoring.nulls.blocks import blocks_of, in_blocks
from monitoring.nulls.windows import draw_null_windows
from monitoring.reference import Reference, thin
from monitoring.signals import watched
from monitoring.signals.judge import judge, missing
from monitoring.signals.report import DriftReport, DriftStatistic, Unjudged
from monitoring.signals.signal import Signal
from monitoring.windows import Window

MINIMUM_ROWS = 2
DIGITS = 12  # of a digest in hexadecimal, which make a seed
TOLD_BY = ("session", "group")  # columns of the log that say which rows came together


def measure_drift(reference: Reference, window: Window, config: MonitoringConfig) -> DriftReport:
    """Compares the usable rows of `window` with a package's drift reference.

    Args:
        reference: of the package.
        window: of the version that the reference belongs to.
        config: budget, null windows and seed.

    Raises:
        MonitoringError: fewer than 2 usable rows, or rows of another model.
    """
    seen = window.usable
    if len(seen) < MINIMUM_ROWS:
        raise MonitoringError(f"the window has {len(seen)} usable rows of {window.samples}; score more files first")
    found = [judged(signal, reference, seen, config) for signal in watched.SIGNALS]
    known = len(thin(reference.rows, seed=config.seed))
    return DriftReport.of(found, window_rows=len(seen), reference_rows=known, false_alarm=config.level)


def judged(
    signal: Signal, reference: Reference, window: pd.DataFrame, config: MonitoringConfig
) -> DriftStatistic | Unjudged:
    """What one signal says of the usable rows of a window."""
    known = thin(signal.comparable(reference), seed=config.seed)
    seen, came = in_blocks(thin(window, TOLD_BY, seed=config.seed), TOLD_BY)
    if lack := missing(signal.name, blocks_of(known, ["group"]), came):
        return lack
    rows, groups = signal.prepared([known, seen], seed=config.seed), list(known["group"])
    places = np.arange(len(known)), np.arange(len(known), len(known) + len(seen))
    seed = seed_of(seen, config)
    for resamples in config.looks:
        null = draw_null_windows(groups, came, resamples=resamples, seed=seed)
        found = judge(signal.name, rows.measure(*places, null), null, config.share, signal.ceiling)
        if not (isinstance(found, DriftStatistic) and found.alarm):
            break
    return found


def seed_of(seen: pd.DataFrame, config: MonitoringConfig) -> int:
    """The seed of a window's null windows: the same whenever it is measured, another one for any other window.

    With the same draws for all, one unlucky draw would let every window alarm, and persistence would say nothing.
    """
    return int(Window(seen).digest[:DIGITS], 16) + config.seed

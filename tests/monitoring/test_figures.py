"""The drift figure shows what the report says."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pandas as pd

from monitoring.config import MonitoringConfig
from monitoring.drift import measure_drift
from monitoring.figures import drift_figure
from monitoring.reference import Reference
from monitoring.windows import Window

Frame = Callable[..., pd.DataFrame]


def test_drift_figure__components_and_nulls(grouped: Frame) -> None:
    """All rows are drawn on the left, and each statistic's value and threshold are lines on the right."""
    rng = np.random.default_rng(0)
    reference = Reference(grouped(rng, groups=40), "t" * 64, ("a", "b"))
    window = Window(grouped(rng, groups=10, shift=1.5))
    report = measure_drift(reference, window, MonitoringConfig(window=100))
    figure = drift_figure(report, reference, window)
    components, *nulls = figure.axes
    assert [np.shape(points.get_offsets()) for points in components.collections] == [(400, 2), (100, 2)]
    for axes, statistic in zip(nulls, report.statistics, strict=True):
        assert [np.asarray(line.get_xdata())[0] for line in axes.lines] == [statistic.threshold, statistic.value]
    figure.savefig(written := BytesIO())
    assert written.getvalue().startswith(b"\x89PNG")

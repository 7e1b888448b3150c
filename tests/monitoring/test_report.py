"""Evidently's page is self-contained, and its scores are those of SciPy."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from monitoring.config import MonitoringConfig
from monitoring.errors import MonitoringError
from monitoring.reference import Reference
from monitoring.report import write_drift_report
from monitoring.windows import Window

Frame = Callable[..., pd.DataFrame]


def test_write_drift_report__page_and_scores(grouped: Frame, tmp_path: Path) -> None:
    """The page loads nothing from outside; probabilities: validation rows only; the columns share the budget."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=20), grouped(rng, groups=6, shift=2)
    reference.loc[:99, "split"] = "train"
    path = tmp_path / "reports" / "drift.html"
    known = Reference(reference, "t" * 64, ("a", "b"))
    scores = write_drift_report(known, Window(window), path, config=MonitoringConfig(false_alarm=0.22))
    expected = ks_2samp([p[1] for p in reference["probabilities"][100:]], [p[1] for p in window["probabilities"]])
    assert scores["probability of b"] == pytest.approx(expected.pvalue)
    assert set(scores) == {"probability of a", "probability of b", "brightness"} | {
        f"embedding component {number}" for number in range(1, 9)
    }
    page = path.read_text(encoding="utf-8")
    assert page.count("The drift threshold is 0.02.") == len(scores)
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=.?(https?:)?//", page)


def test_write_drift_report__facts_of_another_sample_kind(grouped: Frame, tmp_path: Path) -> None:
    """Texts bring facts of their own: those that both tables hold are compared, others are not missed."""
    rng = np.random.default_rng(0)
    reference, window = (grouped(rng, groups=groups).drop(columns="brightness") for groups in (20, 6))
    reference, window = reference.assign(tokens=rng.poisson(40, 200), later=0.5), window.assign(tokens=90)
    known = Reference(reference, "t" * 64, ("a", "b"))
    scores = write_drift_report(known, Window(window), tmp_path / "drift.html", config=MonitoringConfig())
    assert scores["tokens"] < 1e-6
    assert "brightness" not in scores
    assert "later" not in scores


def test_write_drift_report__classes_that_do_not_fit(grouped: Frame, tmp_path: Path) -> None:
    """Three class names for two probabilities are one clear error."""
    rng = np.random.default_rng(0)
    reference, window = Reference(grouped(rng, groups=20), "t" * 64, ("a", "b", "c")), Window(grouped(rng, groups=6))
    with pytest.raises(MonitoringError, match="2 probabilities a row, 3 classes"):
        write_drift_report(reference, window, tmp_path / "drift.html", config=MonitoringConfig())

"""Triage, drift and decision in one: nothing is measured on what is unfit, and what is measured decides."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from monitoring.check import Check, check_window
from monitoring.config import MonitoringConfig
from monitoring.reference import Reference
from monitoring.windows import Window

Frame = Callable[..., pd.DataFrame]
CONFIG = MonitoringConfig(window=100, cooldown_hours=6)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def check(grouped: Frame) -> Callable[..., Check]:
    """Checks a window of ten groups; keyword arguments change its columns."""

    def make(*, shift: float = 0.0, last_retrain: datetime | None = None, **changes: object) -> Check:
        rng = np.random.default_rng(1)
        reference = Reference(grouped(rng, groups=40), "t" * 64, ("a", "b"))
        window = Window(grouped(rng, groups=10, shift=shift).assign(**changes))
        return check_window(reference, window, CONFIG, last_retrain=last_retrain, now=NOW)

    return make


def test_check_window__drift(check: Callable[..., Check]) -> None:
    """A shift retrains, and text, statistics and metrics tell the same of it."""
    found = check(shift=1.5)
    assert found.decision.action == "retrain"
    assert list(found.statistics) == ["embedding_mmd2", "probability_ks"]
    assert found.markdown().startswith("**retrain**: drift: embedding_mmd2 ")
    assert "### Drift: 100 samples against 400 of the reference" in found.markdown()


def test_check_window__metrics_of_the_tracking_store(check: Callable[..., Check]) -> None:
    """Value and p-value of each statistic, called as earlier runs call them."""
    found = check()
    mmd, ks = found.drift.statistics
    assert found.metrics == {
        "drift_embedding_mmd2": mmd.value,
        "drift_embedding_mmd2_p": mmd.p_value,
        "drift_probability_ks": ks.value,
        "drift_probability_ks_p": ks.p_value,
    }


def test_check_window__quiet(check: Callable[..., Check]) -> None:
    """The same population is measured and left alone."""
    found = check()
    assert (found.decision.action, found.drift.drift) == ("nothing", False)


@pytest.mark.parametrize("changes", [{"error": "cut"}, {"transform": "other"}])
def test_check_window__unfit(check: Callable[..., Check], changes: dict[str, str]) -> None:
    """Broken files and another transform alert without a measurement, however far the rows have moved."""
    found = check(shift=1.5, **changes)
    assert (found.decision.action, found.drift, found.statistics, found.metrics) == ("alert", None, {}, {})
    assert found.markdown() == f"**alert**: {found.decision.reason}\n\n"


def test_check_window__cooling_down(check: Callable[..., Check]) -> None:
    """Drift soon after a retrain starts none."""
    found = check(shift=1.5, last_retrain=NOW - timedelta(hours=5))
    assert (found.decision.action, found.drift.drift) == ("nothing", True)

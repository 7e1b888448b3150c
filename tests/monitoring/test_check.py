"""Triage and drift in one: nothing is measured on what is unfit, and the controller is told of what is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from monitoring.check import Check, check_window
from monitoring.config import MonitoringConfig
from monitoring.controller.state import Evidence
from monitoring.reference import Reference
from monitoring.signals.report import Unjudged
from monitoring.windows import Window

Frame = Callable[..., pd.DataFrame]
CONFIG = MonitoringConfig(window=100)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def check(grouped: Frame) -> Callable[..., Check]:
    """Checks a window of ten groups; keyword arguments change its columns."""

    def make(*, shift: float = 0.0, **changes: object) -> Check:
        rng = np.random.default_rng(1)
        reference = Reference(grouped(rng, groups=40), "t" * 64, ("a", "b"))
        window = Window(grouped(rng, groups=10, shift=shift).assign(**changes))
        return check_window(reference, window, CONFIG, now=NOW)

    return make


def test_check_window__drift(check: Callable[..., Check]) -> None:
    """The controller is told what drifted, how far, and what was allowed."""
    found = check(shift=1.5)
    assert list(found.statistics) == ["embedding_mmd2", "probability_ks"]
    mmd, ks = found.drift.statistics
    assert found.evidence() == Evidence(
        "ok",
        "100 usable samples of 100",
        f"drift: embedding_mmd2 {mmd.value:.4f} above {mmd.threshold:.4f}, "
        f"probability_ks {ks.value:.4f} above {ks.threshold:.4f}",
    )


def test_judged__each_with_its_threshold(check: Callable[..., Check]) -> None:
    """What alarms and what does not; what cannot be judged says what it lacks."""
    assert {one["verdict"] for one in check(shift=1.5).judged} == {"drift"}
    quiet = check()
    assert [one["verdict"] for one in quiet.judged] == ["no drift"] * 2
    assert [one["threshold"] for one in quiet.judged] == [one.threshold for one in quiet.drift.statistics]
    lacking = replace(quiet, drift=replace(quiet.drift, statistics=(), unjudged=(Unjudged("mmd", "needs more"),)))
    assert lacking.judged == ({"name": "mmd", "value": None, "threshold": None, "verdict": "cannot judge: needs more"},)
    assert replace(quiet, drift=None).judged == ()


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
    assert (found.evidence().drift, found.drift.drift) == ("", False)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"error": "cut"}, "broken data"),
        ({"transform": "other"}, "skew"),
        ({"hash": "same", "error": None}, "broken data"),
    ],
)
def test_check_window__unfit(check: Callable[..., Check], changes: dict[str, str], verdict: str) -> None:
    """Broken files, a stuck source and another transform are told without a measurement, however far the rows moved."""
    found = check(shift=1.5, **changes)
    assert (found.evidence().verdict, found.drift, found.statistics, found.metrics) == (verdict, None, {}, {})
    assert found.evidence().told == found.health.reason


def test_check_window__too_few(grouped: Frame) -> None:
    """A handful of samples cannot be judged."""
    rng = np.random.default_rng(1)
    reference = Reference(grouped(rng, groups=40), "t" * 64, ("a", "b"))
    assert check_window(reference, Window(grouped(rng, groups=1)), CONFIG, now=NOW).evidence().verdict == "cannot judge"


def test_check_window__known(grouped: Frame) -> None:
    """What was measured of a window is told again without a page; broken data are told in any case."""
    rng = np.random.default_rng(1)
    reference, rows = Reference(grouped(rng, groups=40), "t" * 64, ("a", "b")), grouped(rng, groups=10, shift=1.5)
    first = check_window(reference, Window(rows), CONFIG, now=NOW)
    again = check_window(reference, Window(rows), CONFIG, now=NOW, known=first.drift)
    assert (again.page, again.drift, again.evidence()) == (None, first.drift, first.evidence())
    broken = check_window(reference, Window(rows.assign(hash="h")), CONFIG, now=NOW, known=first.drift)
    assert (broken.drift, broken.evidence().verdict) == (None, "broken data")

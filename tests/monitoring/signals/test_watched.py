"""One more signal is one more line: whatever is watched is measured, judged, reported and paid for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from monitoring.config import MonitoringConfig
from monitoring.drift import measure_drift
from monitoring.nulls.blocks import Places
from monitoring.nulls.windows import NullWindows
from monitoring.reference import Reference
from monitoring.signals import watched
from monitoring.signals.signal import Measurement
from monitoring.windows import Window

Frame = Callable[..., pd.DataFrame]


@dataclass(frozen=True)
class Darkness:
    """A signal that knows nothing of networks: how much darker the window is."""

    name: str = "darkness"
    ceiling: float = 255.0

    def comparable(self, reference: Reference) -> pd.DataFrame:
        """All rows."""
        return reference.rows

    def prepared(self, parts: Sequence[pd.DataFrame], *, seed: int) -> "Brightness":
        """All values."""
        return Brightness(np.concatenate([part["brightness"] for part in parts]))


@dataclass(frozen=True, eq=False)
class Brightness:
    """Values of rows."""

    values: np.ndarray

    def measure(self, known: Places, seen: Places, null: NullWindows) -> Measurement:
        """Difference of the mean brightness."""
        values = self.values[known]
        means = np.array([values[~members].mean() - values[members].mean() for members in null.members])
        return Measurement(float(values.mean() - self.values[seen].mean()), means * null.scale**0.5)


@pytest.fixture
def _darkness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "SIGNALS", (*watched.SIGNALS, Darkness()))


def test_signals__names_are_those_of_the_tracking_store() -> None:
    """What earlier runs are compared by is called as it was, and no two signals share a name."""
    names = [signal.name for signal in watched.SIGNALS]
    assert names[:2] == ["embedding_mmd2", "probability_ks"]
    assert all(name.isidentifier() for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.usefixtures("_darkness")
def test_signals__one_more_is_measured_and_reported(grouped: Frame) -> None:
    """A window that is darker and nothing else alarms by the new signal alone, and the table has its row."""
    rng = np.random.default_rng(1)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=10)
    darker = Window(window.assign(brightness=window["brightness"] - 40))
    report = measure_drift(Reference(reference, "t" * 64, ("a", "b")), darker, MonitoringConfig(window=100))
    assert [statistic.name for statistic in report.statistics if statistic.alarm] == ["darkness"]
    assert report.drift
    assert "| darkness | " in report.markdown()
    assert "shared by 3 statistics" in report.markdown()
    assert ". darkness: as the window's 10 blocks by group" in report.calibration


@pytest.mark.usefixtures("_darkness")
def test_signals__one_more_takes_its_share_of_the_budget() -> None:
    """Three signals have a third of the budget each, and need null windows that can show it."""
    assert MonitoringConfig(false_alarm=0.03).share == pytest.approx(0.01)
    assert MonitoringConfig(resamples=298).looks == (298, 299)

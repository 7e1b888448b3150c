"""A monitoring configuration that cannot work is refused with its remedy."""

import pytest
from pydantic import ValidationError

from monitoring.config import MonitoringConfig


def test_config__too_few_resamples_for_the_budget() -> None:
    """50 resamples cannot show a p-value of 0.005."""
    with pytest.raises(ValidationError, match=r"resamples 50 cannot resolve false_alarm 0\.01: set at least 200"):
        MonitoringConfig(resamples=50)


def test_config__min_window_above_window() -> None:
    """A least window above the window would never conclude anything."""
    with pytest.raises(ValidationError, match="min_window 50 is above window 40"):
        MonitoringConfig(window=40)


@pytest.mark.parametrize("values", [{"false_alarm": 0.0}, {"window": "200"}, {"max_undecodable": 1.5}, {"windw": 200}])
def test_config__wrong_values(values: dict[str, object]) -> None:
    """Bounds, types and keys are strict."""
    with pytest.raises(ValidationError):
        MonitoringConfig.model_validate(values)


def test_config__just_enough() -> None:
    """200 resamples resolve a budget of 1% shared by two signals, 199 do not; a window may be as long as the least."""
    assert MonitoringConfig(resamples=200, window=50).share == 0.005
    with pytest.raises(ValidationError, match="set at least 200"):
        MonitoringConfig(resamples=199)

"""A monitoring configuration that cannot work is refused with its remedy."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from monitoring.config import MonitoringConfig
from monitoring.controller.policy import PolicyConfig


def test_config__second_look() -> None:
    """A share of 0.005 takes 199 null windows: where the first look has fewer, a second one has as many."""
    assert MonitoringConfig(resamples=199).looks == (199,)
    assert MonitoringConfig(resamples=198).looks == (198, 199)
    assert MonitoringConfig(false_alarm=0.0004).looks == (500, 4999)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"false_alarm": 1e-6}, "takes 1999999 null windows of at most 40000, so that nothing would ever alarm"),
        (
            {"false_alarm": 0.6},
            "false_alarm 0.6 and policy.suspect 1 of 1 let every other quiet window alarm; set it to 0.5 at most",
        ),
        (
            {"policy": {"suspect": 9, "of": 9}, "false_alarm": 0.01},
            "alarm; set it to 0.0019 at most, or lower policy.suspect to 8",
        ),
        ({"false_alarms": "often"}, "write it as 1 per day"),
    ],
)
def test_config__budget_without_sense(values: dict[str, Any], told: str) -> None:
    """A check that could never, or nearly always, alarm is refused."""
    with pytest.raises(ValidationError, match=re.escape(told)):
        MonitoringConfig.model_validate(values)


def test_scheduled__episodes_in_a_year() -> None:
    """One false alarm a year with a check an hour, two of two windows: the root of 1 / 8,766."""
    config = MonitoringConfig(false_alarms="1 per year", policy=PolicyConfig(suspect=2, of=2))
    found = config.scheduled("0 * * * *")
    assert found.false_alarm == pytest.approx(1 / 8766, rel=0.01)
    assert found.level == pytest.approx(8766**-0.5, rel=0.01)
    assert config.scheduled(None) == config
    assert MonitoringConfig().scheduled("0 * * * *") == MonitoringConfig()


@pytest.mark.parametrize(
    ("written", "cron", "told"),
    [
        ("1 per year", "* * * * *", "false_alarms 1 per year with 525960 checks a year leave a check 1.9e-06"),
        ("2 per day", "0 0 * * *", "window alarm; bear 182 per year at most, or check more often"),
        (
            "2 per year",
            "0 0 31 2 *",
            "with 0 checks a year and policy.suspect 1 of 1 let every other quiet window alarm; correct schedule",
        ),
    ],
)
def test_scheduled__budget_without_sense(written: str, cron: str, told: str) -> None:
    """What the schedule makes of a budget is refused as well."""
    with pytest.raises(ValueError, match=re.escape(told)):
        MonitoringConfig(false_alarms=written).scheduled(cron)


def test_scheduled__says_what_would_do() -> None:
    """One more window makes a check of every quarter of an hour possible."""
    with pytest.raises(ValueError, match="such as suspect: 2, of: 2"):
        MonitoringConfig(false_alarms="1 per year").scheduled("*/15 * * * *")
    more = MonitoringConfig(false_alarms="1 per year", policy=PolicyConfig(suspect=2, of=2))
    assert more.scheduled("*/15 * * * *").level > 0.005


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
    """Two signals share the level; a window may be as long as the least."""
    assert MonitoringConfig(window=50).share == pytest.approx(0.005)


@pytest.mark.parametrize("changed", [{"false_alarm": 0.0019}, {"policy": {"suspect": 8, "of": 9}}])
def test_config__remedy_works(changed: dict[str, Any]) -> None:
    """What the error of nine of nine windows at 1% says makes it one that is taken."""
    MonitoringConfig.model_validate({"policy": {"suspect": 9, "of": 9}, "false_alarm": 0.01} | changed)


def test_scheduled__remedy_works() -> None:
    """182 a year is what a check a day bears; lowering a `suspect` of 1 is no remedy and is not named."""
    assert MonitoringConfig(false_alarms="182 per year").scheduled("0 0 * * *").level < 0.5
    with pytest.raises(ValueError, match="monitoring.false_alarms 183 per year with 365 checks") as found:
        MonitoringConfig(false_alarms="183 per year").scheduled("0 0 * * *")
    assert "lower" not in str(found.value)


def test_config__more_windows_where_one_more_is_too_few() -> None:
    """The number of windows that is told is one that works."""
    rare = {"false_alarm": 1e-9}
    with pytest.raises(ValidationError, match="such as suspect: 3, of: 3"):
        MonitoringConfig.model_validate(rare)
    MonitoringConfig.model_validate(rare | {"policy": {"suspect": 3, "of": 3}})

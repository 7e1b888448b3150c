"""A policy that could never act is refused when it is read."""

import pytest
from pydantic import ValidationError

from monitoring.controller.policy import PolicyConfig


@pytest.mark.parametrize(
    ("quiet", "hours"), [("", set()), ("22-06", {22, 23, 0, 1, 2, 3, 4, 5}), ("9-12", {9, 10, 11}), ("0-1", {0})]
)
def test_quiet_hours__whole_hours(quiet: str, hours: set[int]) -> None:
    """The last one is the first that is loud again."""
    assert PolicyConfig(quiet=quiet).quiet_hours == hours


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"suspect": 3, "of": 2}, "suspect 3 is above of 2, so that nothing would ever follow"),
        ({"quiet": "24-6"}, "'24-6' is no pair of hours"), ({"quiet": "22"}, "write it as 22-06"),
        ({"quiet": "6-6"}, "begins and ends at one hour"), ({"per_week": 0}, "greater than or equal to 1"),
        ({"suspect": 0}, "greater than or equal to 1"), ({"mode": "off"}, "observe"),
    ],
)  # fmt: skip
def test_policy__refused(values: dict[str, object], told: str) -> None:
    """In words that say what to write."""
    with pytest.raises(ValidationError, match=told):
        PolicyConfig.model_validate(values)

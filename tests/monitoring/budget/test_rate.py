"""A budget is written in words, and checks are counted by their cron."""

import pytest

from monitoring.budget.rate import checks_per_year, per_year


@pytest.mark.parametrize(
    ("written", "expected"),
    [("1 per year", 1), ("3 per year", 3), ("1 per month", 12), ("2 per week", 2 * 365.25 / 7), ("1 per day", 365.25)],
)
def test_per_year__words(written: str, expected: float) -> None:
    """A number in a time, as many a year."""
    assert per_year(written) == pytest.approx(expected)


@pytest.mark.parametrize(
    "written", ["0 per year", "one per year", "1 per century", "1 a year", "1", "1 per years", "-1 per day"]
)
def test_per_year__anything_else(written: str) -> None:
    """What is written otherwise is refused with how to write it."""
    with pytest.raises(ValueError, match="write it as 1 per day or week or month or year"):
        per_year(written)


@pytest.mark.parametrize(
    ("cron", "expected", "within"),
    [
        ("0 * * * *", 24 * 365.25, 0.01),
        ("* * * * *", 60 * 24 * 365.25, 0.01),
        ("30 3 * * *", 365.25, 0.01),
        ("0 9-17 * * 1-5", 9 * 5 * 52.2, 0.03),
        ("0 0 1 1 *", 1, 0.01),
        ("0 0 31 2 *", 0, 0.01),
    ],
)
def test_checks_per_year__as_the_cron_fires(cron: str, expected: float, within: float) -> None:
    """Hourly, every minute, daily, in office hours, once a year, never."""
    assert checks_per_year(cron) == pytest.approx(expected, rel=within)

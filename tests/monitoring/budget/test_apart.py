"""Only windows that share no sample count for one another."""

import json

from monitoring.budget.apart import apart
from registry.ledger.watch.checks import CheckRecord


def check(hour: int, began: int | None = None) -> CheckRecord:
    """A check at an hour whose window began at another."""
    figures = json.dumps({} if began is None else {"began": at(began)})
    return CheckRecord("d", 1, f"w{hour}", suspect=True, outcome="watch", reason="", figures=figures, time=at(hour))


def at(hour: int) -> str:
    """A time as it is written."""
    return f"2026-05-01T{hour:02d}:00:00+00:00"


def hours(checks: list[CheckRecord]) -> list[int]:
    """The hours of checks."""
    return [int(one.time[11:13]) for one in checks]


def test_apart__hourly_checks_of_windows_of_three_hours() -> None:
    """Of checks at 1 to 9 whose windows are three hours long, the present one from 7 on: those at 6 and 2."""
    checks = [check(hour, hour - 3) for hour in range(3, 10)]
    assert hours(apart(checks, at(7))) == [6]
    assert hours(apart([check(2, 0), *checks], at(7))) == [2, 6]


def test_apart__windows_that_share_nothing() -> None:
    """All count, in their order."""
    assert hours(apart([check(2, 1), check(4, 3)], at(5))) == [2, 4]


def test_apart__of_an_earlier_release() -> None:
    """A check that does not say when its window began is taken to have begun with its time."""
    assert hours(apart([check(1), check(2)], at(3))) == [1, 2]


def test_apart__nothing() -> None:
    """No checks, and a window without rows."""
    assert apart([], at(3)) == []
    assert apart([check(1)], "") == []

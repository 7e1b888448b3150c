"""What the controller knows."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.controller.state import Evidence, Past

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("found", "suspect"),
    [
        (Evidence("ok", ""), False), (Evidence("ok", "", harm="small"), False), (Evidence("ok", "", harm="much"), True),
        (Evidence("ok", "", drift="d"), True), (Evidence("ok", "", regression="r"), True),
    ],
)  # fmt: skip
def test_suspect__reasons(found: Evidence, suspect: bool) -> None:
    """Drift, much harm or a regression is a reason to do something."""
    assert found.suspect is suspect


def test_last__newest_that_is_past() -> None:
    """Whatever the order; what the clock has not come to does not count."""
    times = [NOW - timedelta(hours=1), NOW - timedelta(hours=3), NOW + timedelta(hours=1), NOW - timedelta(hours=2)]
    assert Past(NOW, retrains=times).last == NOW - timedelta(hours=1)
    assert Past(NOW).last is None

"""What is broken upstream never reaches the drift statistics."""

import pandas as pd
import pytest

from monitoring.config import MonitoringConfig
from monitoring.triage import Triage, triage
from monitoring.windows import Window
from tests.monitoring.scenes import NOW, scene, traffic

CONFIG = MonitoringConfig(min_window=50)


def window(rows: int, *, failed: int = 0, strangers: int = 0) -> Window:
    """A window of which some files failed and some went through another transform."""
    made = traffic(rows)
    made.loc[made.index[: rows - failed], "error"] = None
    made.loc[made.index[rows - failed :], "error"] = "truncated"
    made.loc[made.index[:strangers], "transform"] = "old"
    return Window(made)


def copied(distinct: int, times: int) -> Window:
    """A window of so many samples, each scored several times."""
    return Window(pd.concat([window(distinct).rows] * times, ignore_index=True))


def judged(rows: Window, config: MonitoringConfig = CONFIG) -> Triage:
    """Triage against a reference of the workshop's kind."""
    return triage(scene(rows, config))


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (window(200), "ok"),
        (window(200, failed=10), "ok"),
        (window(200, failed=11), "broken data"),
        (window(60, failed=60), "broken data"),
        (window(200, strangers=1), "skew"),
        (window(20, strangers=1), "skew"),
        (window(200, failed=11, strangers=1), "skew"),
        (window(50), "ok"),
        (window(49), "cannot judge"),
        (window(51, failed=2), "cannot judge"),
        (window(20, failed=20), "cannot judge"),
        (window(0), "cannot judge"),
        (copied(50, 4), "ok"),
        (copied(49, 4), "cannot judge"),
        (copied(1, 200), "broken data"),
        (copied(1, 49), "cannot judge"),
        (copied(1, 50), "broken data"),
        (Window(pd.concat([window(99).rows, copied(1, 101).rows])), "broken data"),
        (Window(pd.concat([window(101).rows, copied(1, 99).rows])), "ok"),
    ],
)
def test_triage__verdict(rows: Window, verdict: str) -> None:
    """The worst that is certain comes first: skew, broken data, too little to judge."""
    assert judged(rows).verdict == verdict


def test_triage__all_that_is_broken_is_told() -> None:
    """Two faults of one kind are both in the reason, and every sign that was looked at is kept."""
    found = judged(Window(pd.concat([copied(1, 150).rows, window(50, failed=50).rows])))
    assert "one sample makes up 151 of 200" in found.reason
    assert "50 of 200 files could not be used" in found.reason
    assert [sign.name for sign in found.signs if sign.broken] == ["unreadable files", "one content repeated"]
    assert len(found.signs) == 7


def test_triage__copies_are_told() -> None:
    """What was scored several times counts once, and the reason says how many copies there were."""
    assert judged(copied(20, 10)).reason == "20 usable samples of 200, 180 are copies; at least 50 are needed"


def test_triage__term_is_told() -> None:
    """A version that came back has the traffic since then."""
    assert judged(Window(traffic(20), NOW)).reason == (
        "20 usable samples of 20 since 2026-05-01 12:00, when the model came into production; at least 50 are needed"
    )


def test_triage__no_file_could_be_read() -> None:
    """Files that were not there have no content to be alike; where all are tolerated, there are too few samples."""
    unread = Window(window(200, failed=200).rows.assign(hash=None))
    assert judged(unread, MonitoringConfig(max_undecodable=1.0)).verdict == "cannot judge"

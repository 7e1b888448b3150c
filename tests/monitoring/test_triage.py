"""What is broken upstream never reaches the drift statistics."""

import pandas as pd
import pytest

from monitoring.config import MonitoringConfig
from monitoring.triage import triage
from monitoring.windows import Window

CONFIG = MonitoringConfig(min_window=50)


def window(rows: int, *, failed: int = 0, strangers: int = 0) -> Window:
    """A window of which some files failed and some went through another transform."""
    errors = [None] * (rows - failed) + ["truncated"] * failed
    transforms = ["old"] * strangers + ["new"] * (rows - strangers)
    hashes = list(map(str, range(rows)))
    return Window(pd.DataFrame({"error": errors, "transform": transforms, "hash": hashes}, dtype=object))


def copied(distinct: int, times: int) -> Window:
    """A window of so many samples, each scored several times."""
    return Window(pd.concat([window(distinct).rows] * times, ignore_index=True))


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (window(200), "ok"),
        (window(200, failed=10), "ok"),
        (window(200, failed=11), "broken data"),
        (window(60, failed=60), "broken data"),
        (window(200, strangers=1), "preprocessing skew"),
        (window(20, strangers=1), "preprocessing skew"),
        (window(200, failed=11, strangers=1), "preprocessing skew"),
        (window(50), "ok"),
        (window(49), "insufficient"),
        (window(51, failed=2), "insufficient"),
        (window(20, failed=20), "insufficient"),
        (window(0), "insufficient"),
        (copied(50, 4), "ok"),
        (copied(49, 4), "insufficient"),
        (copied(1, 200), "broken data"),
        (copied(1, 49), "insufficient"),
        (copied(1, 50), "broken data"),
        (Window(pd.concat([window(99).rows, copied(1, 101).rows])), "broken data"),
        (Window(pd.concat([window(101).rows, copied(1, 99).rows])), "ok"),
    ],
)
def test_triage__verdict(rows: Window, verdict: str) -> None:
    """The worst that is certain comes first: skew, broken data, too little to judge."""
    assert triage(rows, "new", CONFIG).verdict == verdict


def test_triage__copies_are_told() -> None:
    """What was scored several times counts once, and the reason says how many copies there were."""
    assert triage(copied(20, 10), "new", CONFIG).reason == (
        "20 usable samples of 200, 180 are copies; at least 50 are needed"
    )
    assert "one sample makes up 200 of 200" in triage(copied(1, 200), "new", CONFIG).reason


def test_triage__reasons_name_values_and_remedy() -> None:
    """Counts, the rule and the latest error are in the reason."""
    reason = triage(window(200, failed=20), "new", CONFIG).reason
    assert reason == "20 of 200 files could not be used, 5% are tolerated; mend the source (the latest: truncated)"


def test_triage__the_latest_error_is_told() -> None:
    """The last file that failed says most about what is wrong now."""
    rows = window(200, failed=20).rows
    rows.loc[180:198, "error"] = "an earlier one"
    assert triage(Window(rows), "new", CONFIG).reason.endswith("(the latest: truncated)")


def test_triage__no_file_could_be_read():
    """Files that were not there have no content to be alike; where all are tolerated, there are too few samples."""
    unread = Window(window(200, failed=200).rows.assign(hash=None))
    found = triage(unread, "new", MonitoringConfig(max_undecodable=1.0))
    assert found.verdict == "insufficient"

"""`regraft monitor` now, at a time and over a time."""

import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from flows.cli import monitor as module
from flows.cli import regraft
from flows.shown import replay
from tasks.watch.report import MonitorReport

TIME = "2026-05-01T12:00:00.000000+00:00"


def report(outcome: str, **fields: object) -> MonitorReport:
    """What a check came to."""
    return MonitorReport("photos", 1, outcome, "r", samples=3, **fields)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("ok", 0), ("watch", 0), ("cannot judge", 0), ("broken data", 7), ("skew", 7), ("retrain", 8), ("hold", 8),
        ("rollback", 10),
    ],
)  # fmt: skip
def test_monitor__exit_code(outcome, code, monkeypatch):
    """A script can tell drift from broken traffic and from a quiet day; what was started is said."""
    found = report(outcome, started=("retrain, run blue-fox",))
    monkeypatch.setattr(module, "prepared_flow", lambda *_: None)
    monkeypatch.setattr(module, "run_flow", lambda *_, **__: found)
    shown = CliRunner().invoke(regraft, ["monitor", "photos"])
    assert shown.exit_code == code
    assert "None" not in shown.output  # where no statistic was computed, there is no page
    assert "retrain, run blue-fox" in shown.output
    assert "replayed" not in shown.output


@pytest.mark.usefixtures("project")
def test_monitor__at(monkeypatch):
    """The time is given and said; that nothing was started, too."""
    asked = []
    judged = (
        {"name": "embedding_mmd2", "value": 0.5, "threshold": 0.4, "verdict": "drift"},
        {"name": "probability_ks", "value": None, "threshold": None, "verdict": "cannot judge: needs 3 more groups"},
        {"name": "balanced_accuracy estimated", "value": 0.9, "threshold": 0.87, "verdict": "harm unknown"},
    )
    found = report("retrain", time=TIME, replayed=True, judged=judged)
    monkeypatch.setattr(replay, "replay", lambda *args: asked.append(args) or found)
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(regraft, ["monitor", "photos", "--at", "2026-05-01T12:00"])
    assert asked == [("photos", datetime(2026, 5, 1, 12, tzinfo=UTC))]
    assert shown.exit_code == 8
    for line in (
        "photos v1 at 2026-05-01 12:00 UTC: retrain, of 3 samples", "why: r",
        "embedding_mmd2 │ 0.5000 │ 0.4000 │ drift", "│ - │ - │ cannot judge: needs 3", "0.8700 │ harm unknown",
        "nothing was written, started or told",
    ):  # fmt: skip
        assert line in re.sub(" +", " ", shown.output)
    assert max(map(len, shown.output.splitlines())) <= 80
    as_json = json.loads(CliRunner().invoke(regraft, ["monitor", "photos", "--at", TIME, "--json"]).stdout)
    assert (as_json["outcome"], as_json["time"], as_json["replayed"]) == ("retrain", TIME, True)


@pytest.mark.usefixtures("project")
def test_monitor__backfill(monkeypatch):
    """A table of all, which ends well whatever they found."""
    found = [
        report("retrain", time=TIME, replayed=True),
        MonitorReport("photos", None, "cannot judge", "no", time=TIME),
    ]
    monkeypatch.setattr(replay, "backfill", lambda *_: found)
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(regraft, ["monitor", "photos", "--backfill", "2026-04-01"])
    assert shown.exit_code == 0
    for word in ("retrain", "v1", "2026-05-01 12:00 UTC", "nothing was written, started or told"):
        assert word in shown.output
    as_json = CliRunner().invoke(regraft, ["monitor", "photos", "--backfill", "2026-04-01", "--json"])
    assert [one["outcome"] for one in json.loads(as_json.stdout)] == ["retrain", "cannot judge"]


def test_monitor__wrong_usage():
    """One of the two."""
    both = ["monitor", "photos", "--at", "2026-04-01", "--backfill", "2026-04-01"]
    assert CliRunner().invoke(regraft, both).exit_code == 2

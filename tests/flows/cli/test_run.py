"""What the commands that run a flow take and answer."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from flows.cli import regraft, run
from flows.cli.run import _promotion
from tasks.watch.report import MonitorReport


@pytest.mark.parametrize(
    ("outcome", "code"), [("PROMOTE", 0), ("UNCHANGED", 0), ("ROLLBACK", 0), ("HOLD", 3), ("REJECT", 4)]
)
def test_promotion__exit_code(outcome, code, capsys):
    """A script can tell what the gate held from what it rejected."""
    found = SimpleNamespace(domain="photos", outcome=outcome, version=3, champion=None, reasons=("because",))
    answer = _promotion(found)
    answer.show()
    assert (answer.code, "because" in capsys.readouterr().out) == (code, True)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("ok", 0), ("watch", 0), ("cannot judge", 0), ("broken data", 7), ("skew", 7), ("retrain", 8), ("hold", 8),
        ("rollback", 10),
    ],
)  # fmt: skip
def test_monitor__exit_code(outcome, code, monkeypatch):
    """A script can tell drift from broken traffic and from a quiet day; what was started is said."""
    found = MonitorReport("photos", 1, outcome, "r", samples=3, started=("retrain, run blue-fox",))
    monkeypatch.setattr(run, "prepared_flow", lambda *_: None)
    monkeypatch.setattr(run, "run_flow", lambda *_, **__: found)
    shown = CliRunner().invoke(regraft, ["monitor", "photos"])
    assert shown.exit_code == code
    assert "None" not in shown.output  # where no statistic was computed, there is no page
    assert "retrain, run blue-fox" in shown.output

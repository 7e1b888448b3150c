"""What the commands that run a flow take and answer."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from flows.cli import regraft, run
from flows.cli.run import _promotion


@pytest.mark.parametrize(
    ("outcome", "code"), [("PROMOTE", 0), ("UNCHANGED", 0), ("ROLLBACK", 0), ("HOLD", 3), ("REJECT", 4)]
)
def test_promotion__exit_code(outcome, code, capsys):
    """A script can tell what the gate held from what it rejected."""
    found = SimpleNamespace(domain="photos", outcome=outcome, version=3, champion=None, reasons=("because",))
    answer = _promotion(found)
    answer.show()
    assert (answer.code, "because" in capsys.readouterr().out) == (code, True)


@pytest.mark.parametrize(("action", "code"), [("nothing", 0), ("alert", 7), ("retrain", 8)])
def test_monitor__exit_code(action, code, monkeypatch):
    """A script can tell drift from broken traffic and from a quiet day."""
    found = SimpleNamespace(version=1, action=action, reason="r", samples=3, statistics={}, page=None)
    monkeypatch.setattr(run, "prepared_flow", lambda *_: None)
    monkeypatch.setattr(run, "run_flow", lambda *_, **__: found)
    shown = CliRunner().invoke(regraft, ["monitor", "photos"])
    assert shown.exit_code == code
    assert "None" not in shown.output  # where no statistic was computed, there is no page

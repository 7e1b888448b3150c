"""What the commands that run a flow take and answer."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from flows.cli import regraft, run
from flows.cli.run import _promotion, _traffic


@pytest.mark.parametrize(
    ("outcome", "code"), [("PROMOTE", 0), ("UNCHANGED", 0), ("ROLLBACK", 0), ("HOLD", 3), ("REJECT", 4)]
)
def test_promotion__exit_code(outcome, code, capsys):
    """A script can tell what the gate held from what it rejected."""
    found = SimpleNamespace(domain="photos", outcome=outcome, version=3, champion=None, reasons=("because",))
    answer = _promotion(found)
    answer.show()
    assert (answer.code, "because" in capsys.readouterr().out) == (code, True)


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 0), (2, 5)])
def test_score__exit_code(failed, code, tmp_path, monkeypatch):
    """Where every file failed nothing was scored; where some did the rest is worth having."""
    failures = (SimpleNamespace(path="a", error="no image"),) * failed
    found = SimpleNamespace(domain="photos", version=1, samples=2, predicted={}, failures=failures, logged=0)
    monkeypatch.setattr(run, "prepared_flow", lambda *_: None)
    monkeypatch.setattr(run, "run_flow", lambda *_, **__: found)
    (tmp_path / "a.png").touch()
    assert CliRunner().invoke(regraft, ["score", "photos", str(tmp_path)]).exit_code == code


@pytest.mark.parametrize(("action", "code"), [("nothing", 0), ("alert", 7), ("retrain", 8)])
def test_monitor__exit_code(action, code, monkeypatch):
    """A script can tell drift from broken traffic and from a quiet day."""
    found = SimpleNamespace(version=1, action=action, reason="r", samples=3, statistics={}, page=None)
    monkeypatch.setattr(run, "prepared_flow", lambda *_: None)
    monkeypatch.setattr(run, "run_flow", lambda *_, **__: found)
    shown = CliRunner().invoke(regraft, ["monitor", "photos"])
    assert shown.exit_code == code
    assert "None" not in shown.output  # where no statistic was computed, there is no page


def test_traffic__says_what_will_start(project):
    """What was counted, and what that may start, by the domain's own schedule."""
    plan = project / "domains" / "solar.yaml"
    plan.write_text(plan.read_text().replace("# monitor:", "monitor:"))
    assert _traffic("solar", 0) == "Nothing was counted as traffic (--no-log)."
    assert "98 files were counted as traffic" in _traffic("solar", 98)
    assert "while `regraft up` runs (0 * * * *); drift starts a retrain" in _traffic("solar", 98)
    assert "when you run `regraft monitor digits`; drift starts a retrain where `regraft up` runs" in _traffic(
        "digits", 1
    )

"""What the commands that run a flow take and answer."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from flows.cli import regraft, run
from flows.cli.run import _promotion
from tasks.plan import Prepared


@pytest.mark.parametrize(
    ("outcome", "code"), [("PROMOTE", 0), ("UNCHANGED", 0), ("ROLLBACK", 0), ("HOLD", 3), ("REJECT", 4)]
)
def test_promotion__exit_code(outcome, code, capsys):
    """A script can tell what the gate held from what it rejected."""
    found = SimpleNamespace(domain="photos", outcome=outcome, version=3, champion=None, reasons=("because",))
    answer = _promotion(found)
    answer.show()
    assert (answer.code, "because" in capsys.readouterr().out) == (code, True)


def test_prepare__says_what_is_left_out(monkeypatch):
    """Samples that a rollback keeps out are told with the remedy; where nothing is left out nothing is said."""
    told = "3 samples of the traffic that led to a rollback stay out; `regraft alerts photos --release` lets them in"
    monkeypatch.setattr(run, "prepared_flow", lambda *_: None)
    for notices in ((told,), ()):
        found = Prepared(Path("data"), "d1", notices)
        monkeypatch.setattr(run, "run_flow", lambda *_, found=found: found)
        shown = CliRunner(env={"COLUMNS": "200"}).invoke(regraft, ["prepare", "photos"])
        assert ("--release" in shown.output) == bool(notices)

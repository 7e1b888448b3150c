"""What the commands that run a flow take and answer."""

from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from flows.cli import regraft, run
from flows.cli.run import _promotion
from flows.process.answered import answer
from registry.errors import GateError
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


@pytest.fixture
def retrained(monkeypatch):
    """What `regraft retrain` prints where its flow ends so; where it answers early, what had been printed by then."""

    def reported(*_):
        raise GateError("it lies elsewhere")

    monkeypatch.setattr("flows.shown.report.report_version", reported)
    monkeypatch.setattr("flows.shown.report.stress_told", lambda *_: "corrupted accuracy 0.623")
    monkeypatch.setattr(run, "prepared_flow", lambda *_: None)

    def run_it(outcome, *, early):
        found = SimpleNamespace(domain="photos", outcome=outcome, version=3, champion=3, reasons=("because",))

        def flow(*_):
            if early:
                answer(found)
            click.echo("stress")
            return found

        monkeypatch.setattr(run, "run_flow", flow)
        return CliRunner().invoke(regraft, ["retrain", "photos"])

    return run_it


def test_retrain__answer_before_the_stress_test(retrained):
    """Report and outcome are printed once, before what is only reported; what that came to is a line at the end."""
    shown = retrained("HOLD", early=True)
    told = [shown.output.index(text) for text in ("no report: it lies elsewhere", "because", "stress", "0.623")]
    assert (shown.exit_code, told) == (3, sorted(told))
    assert shown.output.count("because") == 1
    assert shown.output.endswith("stress test of v3: corrupted accuracy 0.623\n")


def test_retrain__answer_at_the_end(retrained):
    """What waited for a person is printed when it has ended; a version that was tried long ago gets no line anew."""
    late = retrained("PROMOTE", early=False).output
    assert late.index("stress") < late.index("because")
    assert "0.623" not in late
    assert "0.623" not in retrained("UNCHANGED", early=True).output

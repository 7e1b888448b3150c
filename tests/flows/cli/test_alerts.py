"""`regraft alerts` lists what checks call for and takes what people say to it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import regraft
from registry.ledger.events import Events
from registry.ledger.notices import notices
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Marks
from settings.machine import load_settings
from tasks.events import tell_check

BROKEN = CheckRecord("digits", 1, "w", suspect=False, outcome="broken data", reason="a stuck camera")


@pytest.fixture
def run(project: Path):
    """Runs `regraft alerts`."""
    return lambda *options: CliRunner(env={"COLUMNS": "80"}).invoke(regraft, ["alerts", *options])


@pytest.fixture
def checked(project: Path) -> CheckRecord:
    """A check of digits found the camera stuck."""
    check = Checks(load_settings().ledger).add(BROKEN, "")
    tell_check(check)
    return check


def found(run, *options: str) -> dict:
    """How digits stands."""
    return {one["domain"]: one for one in json.loads(run("--json", *options).stdout)}["digits"]


def test_alerts__all_domains(run, checked):
    """Every domain with its newest check; what calls is said in whole."""
    shown = run()
    assert shown.exit_code == 0
    assert "digits: a stuck camera; nothing was started" in shown.output
    assert "not checked" in shown.output
    assert "None" not in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    assert (found(run)["outcome"], found(run)["open"], found(run)["key"]) == ("broken data", True, checked.key)


def test_alerts__acknowledged(run, checked):
    """It is closed, here and in `status`, until another check calls; a second time there is nothing to say."""
    assert not found(run, "digits", "--acknowledge", "--reason", "a man is on his way")["open"]
    assert notices(Events(load_settings().ledger).latest("digits"), 1) == []
    again = run("digits", "--acknowledge")
    assert (again.exit_code, "nothing calls for anybody (broken data)" in str(again.exception)) == (1, True)
    Checks(load_settings().ledger).add(replace(BROKEN, window="later"), checked.key)
    assert found(run)["open"]


def test_alerts__muted(run):
    """Until when, and no more once it is ended."""
    until = datetime.fromisoformat(found(run, "digits", "--mute", "2")["muted"])
    assert abs(until - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    assert found(run, "digits", "--mute", "0")["muted"] == ""


def test_alerts__reset(run):
    """It is on record, with who and why."""
    assert run("digits", "--reset", "--reason", "new labels").exit_code == 0
    mark = Marks(load_settings().ledger).latest("digits")["reset"]
    assert (mark.actor, mark.reason) == (load_settings().who, "new labels")


def test_alerts__approved(run, project):
    """What waits is said; the answer makes a debt, which a server will pay, and is taken once."""
    asking = CheckRecord(
        "digits", 1, "w", suspect=True, outcome="hold", reason="drift; approve?", figures='{"asks": "retrain"}'
    )
    Checks(load_settings().ledger).add(asking, "")
    assert found(run)["asks"] == "retrain"
    said = found(run, "digits", "--approve", "--reason", "I looked")
    assert (said["outcome"], said["asks"], said["delivery"]) == ("retrain", "", "")
    assert "agreed: I looked" in said["reason"]
    assert len(Checks(load_settings().ledger).owed("digits")) == 1
    again = run("digits", "--approve")
    assert (again.exit_code, "no check asks for an agreement (retrain)" in str(again.exception)) == (1, True)


def test_alerts__released(run, project):
    """What a rollback keeps out of training is counted, until it is released."""
    figures = json.dumps({"withheld": ["a", "b"]})
    record = CheckRecord(
        "digits",
        2,
        "w",
        suspect=True,
        outcome="rollback",
        reason="worse",
        figures=figures,
        delivery="rolled back to v1",
    )
    Checks(load_settings().ledger).add(record, "")
    assert "digits: 2 samples of the traffic that led to a rollback stay out of training" in run().output
    assert found(run)["withheld"] == 2
    assert found(run, "digits", "--release", "--reason", "mended")["withheld"] == 0
    assert "stay out" not in run().output


@pytest.mark.parametrize(
    "options",
    [
        ("--reset",),
        ("digits", "--reset", "--mute", "1"),
        ("digits", "--mute", "-1"),
        ("--approve",),
        ("digits", "--approve", "--release"),
    ],
)
def test_alerts__wrong_usage(run, options):
    """One thing at a time, of one domain."""
    assert run(*options).exit_code == 2


def test_alerts__unknown_domain(run):
    """It is said which there are."""
    assert "nobody" in str(run("nobody").exception)

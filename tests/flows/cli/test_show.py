"""The commands that only look, from their arguments to what they print."""

import json
import os
from collections.abc import Iterator
from unittest import mock

import click
import pytest
from click.testing import CliRunner

from flows.cli import regraft
from flows.cli.show import _page
from flows.shown.status import Status
from registry.ledger.watch.checks import CheckRecord
from tasks.events import tell_check, told_run

pytestmark = pytest.mark.usefixtures("tracked")


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    """What a command sets for its process is gone after it."""
    with mock.patch.dict(os.environ):
        yield


def test_status__for_people_and_for_machines():
    """The same facts as a table and as JSON."""
    run = CliRunner(env={"COLUMNS": "100"}).invoke
    assert json.loads(run(regraft, ["status", "digits", "--json"]).stdout)["ledger_entries"] == 0
    page = run(regraft, ["status", "digits"]).stdout
    assert page.endswith("needs you: nothing\n")
    assert "nothing; run `regraft retrain digits`" in page
    assert "None" not in page
    assert "{" not in page


def test_status__of_a_champion():
    """Version, since when and why, how good, what a rollback goes to, in words."""
    found = Status(
        domain="photos", champion=2, previous=1, running=None, versions={1: "PROMOTE", 2: "PROMOTE"},
        since={"action": "promote", "time": "2026-01-02T03:04:05.6+00:00", "actor": "Ada", "reason": "better"},
        champion_facts={"recipe": "full", "backbone": "b", "accuracy": "0.9 (0.8 to 1.0)"}, quarantine={3: "bad"},
        dataset_version="d", test_set={"generation": 0, "uses": 3, "comparisons": 1, "comparisons allowed": 10},
        ledger_entries=2, last_check={"outcome": "ok", "time": "2026-01-03T00:00:00+00:00"},
        schedule={"timezone": "UTC", "retrain": "0 3 * * 1", "monitor": None},
    )  # fmt: skip
    page = _page(found)
    assert (page["in production"], page["since"]) == ("v2", "2026-01-02 03:04 UTC, by Ada: better")
    assert page["it is"] == "accuracy 0.9 (0.8 to 1.0); recipe full, backbone b"
    assert (page["versions"], page["quarantine"]) == ("v2 PROMOTE, v1 PROMOTE", "v3: bad")
    assert (page["last check"], page["running"]) == ("ok, 2026-01-03 00:00 UTC", "nothing")
    assert page["schedule"] == "retrain 0 3 * * 1, monitor never (UTC)"


def test_status__what_needs_a_person():
    """One line each with the command that deals with it, whole at 80 columns, and the same for machines."""
    reason = "40 of 40 files cannot be read, such as /mnt/camera/line-7/2026-01-02.png"
    tell_check(CheckRecord("digits", 1, "w", suspect=False, outcome="broken data", reason=reason))
    with pytest.raises(ValueError, match="no room"), told_run("digits", "retrain"):
        raise ValueError("no room")
    run = CliRunner(env={"COLUMNS": "80"}).invoke
    shown = run(regraft, ["status", "digits"]).stdout
    words = " ".join(shown.replace("│", " ").split())
    assert "the retrain failed: no room; regraft retrain digits" in words
    assert "look at it, then regraft monitor digits" in words
    assert max(map(len, shown.splitlines())) <= 80
    found = json.loads(run(regraft, ["status", "digits", "--json"]).stdout)["notices"]
    assert [one["kind"] for one in found] == ["check", "retrain"]


def test_domains__for_people():
    """One line a domain at 80 columns."""
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(regraft, ["domains"]).stdout
    assert "digits" in shown
    assert "solar" in shown


def test_domain_argument__completes(project):
    """The shell gets the domains that begin so."""
    context = click.Context(regraft)
    command = regraft.get_command(context, "status")
    found = command.params[0].shell_complete(click.Context(command), "so")
    assert [one.value for one in found] == ["solar"]


def test_doctor__exit_code(project):
    """0 where all is well; a broken domain file is a FAULT and ends with 1, which a script can read, too."""
    run = CliRunner(env={"COLUMNS": "200"}).invoke
    sound = run(regraft, ["doctor"])
    assert (sound.exit_code, "FAULT" in sound.stdout) == (0, False)
    (project / "domains" / "broken.yaml").write_text("data: 1")
    broken = run(regraft, ["doctor"])
    assert (broken.exit_code, "FAULT │ " in broken.stdout) == (1, True)
    read = run(regraft, ["doctor", "--json"])
    faults = {one["check"] for one in json.loads(read.stdout) if not one["ok"]}
    assert (read.exit_code, "broken: domain file" in faults) == (1, True)

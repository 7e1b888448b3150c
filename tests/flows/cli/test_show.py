"""The commands that only look, from their arguments to what they print."""

import json
import os
from collections.abc import Iterator
from unittest import mock

import pytest
from click.testing import CliRunner

from flows.cli import regraft

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
    assert "│ ledger_entries" in run(regraft, ["status", "digits"]).stdout


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

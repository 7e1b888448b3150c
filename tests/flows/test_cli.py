"""The command line as a shell sees it."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from data.stores.locks import domain_lock
from flows.cli import COMMANDS, regraft
from registry.ledger.ledger import Change, Ledger
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.judging.approval import Approval, approval_text

REGRAFT = Path(sys.executable).with_name("regraft")
HEAVY = {"torch", "mlflow", "great_expectations", "evidently", "prefect", "statsmodels"}
LOADED = """
import sys
from flows.cli import main
sys.argv = ["regraft", *sys.argv[1:]]
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.fixture
def run(project: Path, prefect_api: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `regraft` in a process of its own, with variables given by name."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PREFECT_API_URL": prefect_api, "COLUMNS": "200", **variables}
        command = [str(REGRAFT), *arguments]
        return subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, check=False)

    return run


def only_error(ran: subprocess.CompletedProcess[str]) -> str:
    """The one error line of a command that failed as it should."""
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout
    (line,) = [line for line in ran.stderr.splitlines() if "rror" in line]
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize("arguments", [["--help"], ["retrain", "--help"], ["status", "--help"], ["up", "--help"]])
def test_help__loads_nothing_heavy(arguments):
    """Help is quick because it needs nothing."""
    ran = subprocess.run([sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=False)
    assert "Usage: regraft" in ran.stdout
    assert "click" in ran.stderr.split()
    assert not HEAVY & set(ran.stderr.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_commands__each_is_there(name):
    """Every command that help lists exists under its name and says what it does."""
    command = regraft.get_command(click.Context(regraft), name)
    assert command.name == name
    assert command.help


def test_commands__unknown():
    """A command that does not exist is refused by name."""
    found = CliRunner().invoke(regraft, ["retrian"])
    assert found.exit_code == 2
    assert "No such command 'retrian'" in found.output


def test_main__busy(run, project):
    """A script can tell a domain that is in use, which it may try again, from data that somebody has to mend."""
    with domain_lock(load_settings().home, "digits", "retrain"):
        ran = run("check", "digits")
    assert (ran.returncode, "error: 'digits' is busy: retrain runs in process" in ran.stderr) == (11, True)


@pytest.mark.parametrize("command", ["status", "retrain"])
def test_main__unknown_domain(run, command):
    """One line, inside a flow as outside of one, that names the domains that there are."""
    assert "domain 'nothere' does not exist" in only_error(run(command, "nothere"))


def test_main__fault_in_a_task(run):
    """A fault deep in a flow is one line, and no log line repeats it."""
    assert "'digits' has no version in production yet" in only_error(run("rollback", "digits", "--reason", "r"))


def test_main__wrong_domain_file(run, project):
    """A wrong key is one line with file and key."""
    path = project / "domains" / "digits.yaml"
    path.write_text(path.read_text() + "\nscedule: {}\n")
    assert f"{path}: scedule" in only_error(run("status", "digits"))


def test_main__mlflow_down(run):
    """One line, and the password of the address is nowhere."""
    down = {"REGRAFT_MLFLOW_URI": "http://user:p4ss@127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    ran = run("status", "digits", **down)
    assert "cannot read the aliases of 'digits'" in only_error(ran)
    assert "p4ss" not in ran.stdout + ran.stderr


@pytest.mark.usefixtures("project")
def test_ledger__json():
    """Every entry for machines; --at answers for a moment; nothing is an empty list."""
    assert json.loads(CliRunner().invoke(regraft, ["ledger", "digits", "--json"]).stdout) == []
    entry = Ledger(load_settings().ledger).append(
        Change(
            "digits", action="promote", expected=None, to=1, actor="me", reason="r", evidence="", dataset_version="d"
        )
    )
    assert json.loads(CliRunner().invoke(regraft, ["ledger", "digits", "--json"]).stdout) == [vars(entry)]
    for time, champion in {"2020-01-01T00:00+0000": None, "2999-01-01T00:00:00+0100": 1}.items():
        answer = CliRunner().invoke(regraft, ["ledger", "digits", "--at", time, "--json"])
        assert json.loads(answer.stdout)["champion"] == champion


@pytest.mark.usefixtures("project")
def test_ledger__verify():
    """One line a domain with the head to keep; 1 where a row was changed or the kept hash is gone."""
    ledger = Ledger(load_settings().ledger)
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    heads = {
        name: ledger.append(Change(name, action="promote", expected=None, to=1, **facts)).hash for name in ("a", "b")
    }
    verify = partial(CliRunner().invoke, regraft)
    sound = verify(["ledger", "verify"])
    assert (sound.exit_code, sound.output.splitlines()) == (
        0,
        [f"{name}: 1 row, intact, head {head}" for name, head in heads.items()],
    )
    assert verify(["ledger", "verify", "a", "--head", heads["a"]]).exit_code == 0
    assert verify(["ledger", "verify", "a", "--head", heads["b"]]).exit_code == 1
    assert verify(["ledger", "verify", "--head", heads["a"]]).exit_code == 2
    with sqlite3.connect(load_settings().home / "ledger.db") as database:
        database.execute("update ledger set reason = 'other' where domain = 'b'")
    broken = verify(["ledger", "verify", "--json"])
    assert (broken.exit_code, [one["fault"] is None for one in json.loads(broken.stdout)]) == (1, [True, False])
    assert verify(["ledger", "verify", "a"]).exit_code == 0
    assert isinstance(verify(["ledger", "verify", "c"]).exception, ConfigError)


@pytest.mark.usefixtures("project")
def test_ledger__table():
    """Rows for people: hashes by their beginning, of an approval who gave it."""
    approval = approval_text(Approval(approve=True, approver="Ada"))
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d", "approval": approval}
    Ledger(load_settings().ledger).append(Change("digits", action="promote", expected=None, to=1, **facts))
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(regraft, ["ledger", "digits"]).output
    assert "Ada" in shown
    assert "comment" not in shown


@pytest.mark.usefixtures("project")
def test_ledger__domain_file_is_gone():
    """The history of a domain outlives its file; a name that neither ledger nor project knows is an error."""
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    entry = Ledger(load_settings().ledger).append(Change("gone", action="promote", expected=None, to=1, **facts))
    ask = partial(CliRunner().invoke, regraft)
    assert json.loads(ask(["ledger", "gone", "--json"]).stdout) == [vars(entry)]
    assert json.loads(ask(["ledger", "gone", "--at", "2999-01-01T00:00+0000", "--json"]).stdout)["champion"] == 1
    assert isinstance(ask(["ledger", "slip"]).exception, ConfigError)


@pytest.mark.parametrize("given", [[], ["--images", ".", "--manifest", "x.csv"]])
def test_new__one_source(given):
    """Neither or both of folder and table is a mistake of usage."""
    found = CliRunner().invoke(regraft, ["new", "photos", *given])
    assert found.exit_code == 2
    assert "give either --images or --manifest" in found.output

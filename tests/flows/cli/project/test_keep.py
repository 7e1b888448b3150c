"""A project that moves by backup and restore, as a shell sees it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import regraft as commands
from flows.project.new import write_domain
from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings

REGRAFT = Path(sys.executable).with_name("regraft")


@pytest.fixture
def regraft(prefect_api):
    """Runs a command in a folder as its project, and gives back its JSON."""

    def run(folder, *arguments):
        environment = {**os.environ, "PREFECT_API_URL": prefect_api, "REGRAFT_THREADS": "1"}
        environment |= {"REGRAFT_ROOT": str(folder)}
        command = [str(REGRAFT), *arguments, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.long
def test_restore__then_status_score_rollback(project, registered, image_folder, regraft, tmp_path_factory):
    """In another place, with the old one gone, the project goes on: it scores, and rolls back."""
    write_domain("photos", image_folder(3), None)
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    for expected, to in ((None, registered()), (1, registered())):
        Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=expected, to=to, **facts))
    place = tmp_path_factory.mktemp("place")
    made = regraft(project, "backup", str(place / "backup"))
    images = shutil.copytree(project / "photos" / "dark", place / "images")
    for path in project.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    found = regraft(place, "restore", "backup", "--into", "new")
    assert (found["root"], found["files"]) == (str(place / "new"), made["files"])
    assert regraft(place / "new", "status", "photos")["champion"] == 2
    scored = regraft(place / "new", "score", "photos", str(images), "--output", str(place / "scored.csv"))
    assert (scored["version"], len((place / "scored.csv").read_text().splitlines())) == (2, 4)
    assert regraft(place / "new", "rollback", "photos", "--reason", "r")["champion"] == 1
    assert list(project.iterdir()) == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("command", "told"), [("upgrade", "nothing to do"), ("gc --dry-run", "nothing to delete")])
def test_commands__with_nothing_to_do(command, told, monkeypatch):
    """One line says so, and nothing is made."""
    monkeypatch.setattr("tasks.keeping.places.prefect_url", lambda settings: None)
    monkeypatch.setattr("flows.process.environment.prepare_environment", load_settings)
    found = CliRunner().invoke(commands, command.split())
    assert (found.exit_code, found.output.startswith(told), found.output.count("\n")) == (0, True, 1)
    assert not (load_settings().home / "backups").exists()


def test_clean__asks_first(project, monkeypatch):
    """Without a yes all stays; what would go is told."""
    monkeypatch.setattr("tasks.keeping.places.prefect_url", lambda settings: None)
    monkeypatch.setattr("flows.process.environment.prepare_environment", load_settings)
    (project / "data" / "raw").mkdir(parents=True)
    found = CliRunner().invoke(commands, ["clean"], input="n\n")
    assert found.exit_code == 1
    assert f"goes: {project / 'data' / 'raw'}" in found.output
    assert (project / "data" / "raw").exists()
    gone = CliRunner().invoke(commands, ["clean", "--yes", "--json"])
    assert str(project / "data" / "raw") in json.loads(gone.stdout)["gone"]
    assert not (project / "data" / "raw").exists()

"""`regraft init`: a project in any folder."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.config import load_data_config
from data.stores.versions.stages import enrol
from flows.cli import regraft
from flows.project.init import FILES, IGNORED, init_project
from flows.project.new import write_domain
from settings.errors import ConfigError

REPOSITORY = Path(__file__).parents[3]


def test_templates__are_those_of_a_clone_and_travel():
    """What a clone has is what an installed Regraft writes, and the wheel's patterns cover it."""
    there = {path.name for path in files("flows.project").iterdir() if path.name.endswith(".template")}
    assert there == {*FILES, IGNORED}
    for template, name in {**FILES, IGNORED: ".gitignore"}.items():
        if name != "params.yaml":
            assert files("flows.project").joinpath(template).read_text() == (REPOSITORY / name).read_text()
    assert '"*.template"' in (REPOSITORY / "pyproject.toml").read_text()


def test_init_project__dvc_and_new_work_in_it(tmp_path, monkeypatch):
    """DVC takes the folder for a repository of its own with the stages of a domain, and `new` writes there."""
    ran = CliRunner().invoke(regraft, ["init", str(tmp_path / "own")])
    assert "regraft new NAME --images FOLDER" in ran.stdout
    root = tmp_path / "own"
    monkeypatch.setenv("REGRAFT_ROOT", str(root))
    for name in ("cat", "dog"):
        (root / "photos" / name).mkdir(parents=True)
    with pytest.raises(Exception, match="has no class"):
        write_domain("pets", root / "photos", None)
    enrol(root, "pets")
    (root / "domains" / "pets.yaml").write_text((REPOSITORY / "domains" / "digits.yaml").read_text())
    listed = subprocess.run(
        [sys.executable, "-m", "dvc", "stage", "list", "--name-only"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.stdout.split() == ["validate@pets", "preprocess@pets"], listed.stderr


def test_init_project__keeps_what_is_there(tmp_path):
    """A second time is refused; a .gitignore of before keeps its lines."""
    (tmp_path / ".gitignore").write_text("mine\n")
    init_project(tmp_path)
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[0] == "mine"
    assert "/.regraft/" in lines
    with pytest.raises(ConfigError, match=r"dvc.yaml exists already; choose an empty folder"):
        init_project(tmp_path)


def test_commands__in_a_folder_that_is_no_project(tmp_path, monkeypatch):
    """What to do is one line, whether a domain is made or read."""
    monkeypatch.setenv("REGRAFT_ROOT", str(tmp_path))
    with pytest.raises(ConfigError, match="is no project .* run `regraft init`"):
        write_domain("pets", tmp_path, None)
    with pytest.raises(ConfigError, match="is no project .* run `regraft init`"):
        load_data_config(tmp_path, "pets")


@pytest.mark.parametrize("written", range(1, len(FILES)))
def test_init_project__after_a_kill(tmp_path, written):
    """Killed between two files, the same command again completes the project; a third one is refused."""
    init_project(tmp_path / "whole")
    half = tmp_path / "half"
    init_project(half)
    for name in list(FILES.values())[written:]:
        (half / name).unlink()
    init_project(half)
    names = [*FILES.values(), ".gitignore"]
    assert [(half / name).read_text() for name in names] == [(tmp_path / "whole" / name).read_text() for name in names]
    with pytest.raises(ConfigError, match="exists already"):
        init_project(half)


def test_init_project__somebodys_own_file(tmp_path):
    """A dvc.yaml of another project is neither taken over nor changed, and nothing is written beside it."""
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(ConfigError, match="dvc.yaml exists already"):
        init_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["dvc.yaml"]

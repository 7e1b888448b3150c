"""The workflow for a project of one's own: valid, and its steps work in a small one."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate

from flows.cli import regraft
from tests.deploy.commands import DEPLOY

FILE = DEPLOY / "project-workflow.yaml"
BIN = Path(sys.executable).parent
STEPS: dict[str, str] = {
    step["name"]: step["run"]
    for job in yaml.safe_load(FILE.read_text(encoding="utf-8"))["jobs"].values()
    for step in job["steps"]
    if "run" in step
}


def run(step: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs a step as GitHub does."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "REGRAFT_ROOT": str(folder), **variables}
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]]
    return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def fruit(image_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project as `regraft init` and `regraft new` leave it, with a few images."""
    images, folder = image_folder(30), tmp_path / "mine"
    for command in (["init", str(folder)], ["new", "fruit", "--images", str(images), "--intended-use", "Tests."]):
        found = CliRunner().invoke(regraft, command)
        assert found.exit_code == 0, found.output
        monkeypatch.setenv("REGRAFT_ROOT", str(folder))
        monkeypatch.chdir(folder)
    return folder


def test_workflow__is_valid() -> None:
    """By the schema of GitHub's workflows."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(FILE)]
    ran = subprocess.run(check, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_workflow__checks_the_data(fruit: Path) -> None:
    """Sound data pass; with hardly any of a class the step fails."""
    assert run("Domains and data", fruit).returncode == 0
    for path in [*(fruit.parent / "photos" / "dark").iterdir()][2:]:
        path.unlink()
    assert run("Domains and data", fruit).returncode == 9


@pytest.mark.long
def test_workflow__retrains_and_deploys(fruit: Path, prefect_api: str) -> None:
    """A small retrain ends with its report; then the server knows the project's deployments."""
    ran = run("Small retrain", fruit)
    assert ran.returncode == 0, ran.stderr
    assert "fruit" in ran.stdout
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="regraft", type="process"), overwrite=True)
        ran = run("Deployments", fruit, PREFECT_API_URL=prefect_api)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        found: list[Any] = [one for one in client.read_deployments() if "fruit" in one.tags]
    assert {one.entrypoint for one in found} == {
        "flows.retrain.retrain", "flows.monitor.monitor", "flows.rollback.rollback", "flows.score.score",
    }  # fmt: skip

"""`regraft deployments` writes the file, and refuses where names would be wrong."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.cli import regraft

COMMITTED = Path(__file__).parents[4] / "deploy" / "prefect.yaml"
SERVER = "http://prefect:4200/api"


def test_deployments__committed_file_is_up_to_date(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """deploy/prefect.yaml is what the command that stands in docs/deploy.md writes of this project's domains."""
    monkeypatch.setenv("PREFECT_API_URL", SERVER)
    arguments = ["deployments", "--identity", "{{ $REGRAFT_IDENTITY }}", "--output", "prefect.yaml", "--json"]
    with temporary_settings({PREFECT_API_URL: SERVER}):  # where Prefect is loaded already it reads no variable
        told = json.loads(CliRunner().invoke(regraft, arguments).stdout)
    assert len(told["deployments"]) == len(yaml.safe_load(COMMITTED.read_text())["deployments"])
    assert (project / "prefect.yaml").read_text() == COMMITTED.read_text()


def test_deployments__without_a_server(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which server will be told decides on the names, so one has to be named."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    found = CliRunner().invoke(regraft, ["deployments"])
    assert "PREFECT_API_URL is not set" in str(found.exception)

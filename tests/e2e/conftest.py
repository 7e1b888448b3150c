"""The command line as a user calls it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REGRAFT = Path(sys.executable).with_name("regraft")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands get one thread: the tests run side by side, and two pools on the same cores hinder each other."""
    monkeypatch.setenv("REGRAFT_THREADS", "1")


@pytest.fixture
def regraft(project: Path, prefect_api: str) -> Callable[..., Any]:
    """Runs a command that must end with `code` and gives back its JSON, or its text."""

    def run(*arguments: str, code: int = 0) -> Any:
        environment = {**os.environ, "PREFECT_API_URL": prefect_api, "COLUMNS": "200"}
        if "PREFECT_API_DATABASE_CONNECTION_URL" in os.environ:  # each command has a server of its own on that database
            del environment["PREFECT_API_URL"]
        done = subprocess.run(
            [str(REGRAFT), *arguments], capture_output=True, text=True, env=environment, cwd=project, check=False
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr

    return run

"""A command that finds no Prefect server starts one, and only where nobody has said anything of servers."""

import os
import subprocess
import sys

import pytest

from flows.project.new import write_domain

COMMAND = """
import os, sys
from flows.process.environment import prepare_environment
prepare_environment()
from flows.cli.shell.server import TemporaryServer, none_is_told
assert none_is_told()
server = TemporaryServer()
assert not none_is_told()
server.wait()
assert "prefect" not in sys.modules
assert "mlflow" in sys.modules
assert os.path.getsize(".regraft/mlflow.db")
print(server.process.pid, os.environ["PREFECT_API_URL"], os.environ["PREFECT_UI_URL"])
"""


@pytest.fixture
def alone(project, monkeypatch):
    """The environment of a command on a machine where no server runs."""
    monkeypatch.setenv("REGRAFT_PREFECT_PORT", "9")
    return {name: value for name, value in os.environ.items() if name not in {"PREFECT_API_URL", "PREFECT_HOME"}}


def test_temporary_server__lives_as_long_as_the_command(alone):
    """It answers where Prefect is told, Prefect is not loaded for it, and it is gone with the command."""
    done = subprocess.run([sys.executable, "-c", COMMAND], env=alone, capture_output=True, text=True, check=True)
    process, address, pages = done.stdout.split()
    assert address.startswith("http://127.0.0.1:")
    assert pages == "http://127.0.0.1:9"
    with pytest.raises(ProcessLookupError):
        os.kill(int(process), 0)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("prefect.toml", ""), (".env", "PREFECT_API_URL=http://prefect.example.org/api\n"),
        ("pyproject.toml", "[tool.prefect.api]\n"), (".regraft/prefect/profiles.toml", ""),
    ],
)  # fmt: skip
def test_none_is_told__settings_of_the_users_own(project, alone, file, text):
    """Whatever may name a server is left to Prefect to read."""
    (project / file).parent.mkdir(parents=True, exist_ok=True)
    (project / file).write_text(text)
    told = COMMAND.replace("assert none_is_told()", "sys.exit(none_is_told())")
    assert subprocess.run([sys.executable, "-c", told], env=alone, check=False).returncode == 0


def test_none_is_told__ports_of_our_own(project, alone):
    """What Regraft itself may be told names no server of Prefect."""
    (project / ".env").write_text("REGRAFT_PREFECT_PORT=9\n")
    assert subprocess.run([sys.executable, "-c", COMMAND], env=alone, capture_output=True, check=False).returncode == 0


def test_temporary_server__that_ends(project, alone):
    """A server that cannot start is one line with the remedy."""
    broken = COMMAND.replace("server.wait()", "server.process.kill(); server.wait()")
    done = subprocess.run([sys.executable, "-c", broken], env=alone, capture_output=True, text=True, check=False)
    assert "RegraftError: Prefect's temporary server ended with code -9; run the same command again" in done.stderr


FLOWS = """
import importlib, importlib.util, sys
from flows.cli import COMMANDS, regraft

def begun(flow, *args, **options):
    if not importlib.util.find_spec(f"flows.{flow.module}"):
        sys.exit(f"there is no {flow.module}")
    sys.exit("has loaded Prefect before its server begins" if "prefect" in sys.modules else 0)

for line in sys.stdin:
    command, *told = line.split()
    importlib.import_module(f"flows.cli.{COMMANDS[command][0]}").run_flow = begun
    try:
        regraft([command, *told], standalone_mode=False)
    except SystemExit as end:
        print(command, end.code)
"""
LINES = """prepare photos
audit photos
split refresh photos
rank photos
sweep photos --recipes prototype
train photos
evaluate photos 1
promote photos 1
retrain photos
monitor photos
rollback photos --reason r
reproduce photos 1
score photos .
forget photos --key a --yes
remove photos --yes
"""


def test_commands__begin_their_server_before_prefect_is_loaded(alone, project, image_folder):
    """Prefect, loaded earlier, starts a server of its own, whose transactions fail where they should wait.

    The flow that each of them names is there.
    """
    write_domain("photos", image_folder(3), None)
    options = {"env": alone, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", FLOWS], input=LINES, check=False, **options)
    assert done.stdout.splitlines() == [f"{line.split()[0]} 0" for line in LINES.splitlines()], done.stderr

"""The systemd unit starts a command that there is and ends it as it understands; other files name what there is."""

import configparser
import re
from pathlib import Path

import pytest

from flows.cli import COMMANDS
from flows.scheduler.crew.control import ENDS
from tests.deploy.commands import assert_runs

UNIT = Path(__file__).parents[2] / "deploy" / "regraft.service"


def test_unit__runs_up_and_ends_it_by_ctrl_c() -> None:
    """ExecStart names `regraft up` in the environment that `make .venv` builds."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    program, command = unit["Service"]["ExecStart"].split()
    assert program.endswith("/.venv/bin/regraft")
    assert command in COMMANDS
    assert unit["Service"]["KillSignal"] == "SIGINT"
    assert float(unit["Service"]["TimeoutStopSec"]) >= ENDS, "servers that end one after the other are not cut off"


@pytest.mark.parametrize(
    "path", [path for path in UNIT.parent.rglob("*") if path.is_file()], ids=lambda path: path.name
)
def test_files__name_commands_that_there_are(path: Path) -> None:
    """Whatever a file or its comments call a command of Regraft is one."""
    named = re.findall(r"`regraft ([a-z-]+)", path.read_text(encoding="utf-8"))
    assert [name for name in named if name not in COMMANDS] == []


def test_docs__commands_in_containers() -> None:
    """What docs/deploy.md runs in a container is a command with its options."""
    page = (UNIT.parents[1] / "docs" / "deploy.md").read_text(encoding="utf-8")
    lines = re.findall(r"^docker compose .* (?:service|scheduler) (regraft .*)$", page, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        assert_runs(line.split())

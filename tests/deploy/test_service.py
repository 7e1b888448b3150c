"""The systemd unit starts a command that there is and ends it in the way that the command understands."""

import configparser
from pathlib import Path

from flows.cli import COMMANDS
from flows.scheduler.crew.control import ENDS

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

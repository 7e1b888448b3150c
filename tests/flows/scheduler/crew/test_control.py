"""What a running crew is asked, and how it is ended, where it does not answer, too."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from data.stores.locks import process_of
from flows.scheduler.crew.config import LOCK, socket_path
from flows.scheduler.crew.control import CrewError, end, members, restart
from settings.machine import Settings


def test_end__socket_is_gone(crew):
    """Who empties /tmp takes the way to ask, not the way to end."""
    with crew.start("detach") as process:
        process.wait()
    socket_path(crew.settings).unlink()
    keeper = process_of(crew.settings.home, LOCK)
    with pytest.raises(CrewError, match=f"process {keeper} keeps the servers and does not answer; `regraft down` ends"):
        members(crew.settings)
    end(crew.settings)
    assert crew.family() == []


def test_members__keeper_is_silent(crew, monkeypatch):
    """One that is stopped is not waited for: its process is named, by which it can be ended."""
    for name in ("ANSWERS", "ENDS"):
        monkeypatch.setattr(f"flows.scheduler.crew.control.{name}", 0.5)
    with crew.start("detach") as process:
        process.wait()
    keeper = process_of(crew.settings.home, LOCK)
    os.kill(keeper, signal.SIGSTOP)
    with pytest.raises(CrewError, match=f"process {keeper} keeps the servers and does not answer"):
        members(crew.settings)
    with pytest.raises(CrewError, match=f"process {keeper} has not ended within .* `kill -9 {keeper}`"):
        end(crew.settings)
    os.kill(keeper, signal.SIGKILL)
    assert not psutil.wait_procs(crew.family(), timeout=60)[1]


def test_restart__unknown(crew):
    """The fault names it."""
    with crew.start("detach") as process:
        process.wait()
    with pytest.raises(CrewError, match="BAD_NAME: nobody"):
        restart(crew.settings, "nobody")


def test_members__no_crew(tmp_path):
    """A project in which nothing was ever started."""
    with pytest.raises(CrewError, match="nothing runs in this project"):
        members(Settings(root=tmp_path))
    assert Path(tmp_path / ".regraft" / "run").exists() is False

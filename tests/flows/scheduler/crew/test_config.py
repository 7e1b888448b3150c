"""What supervisord is told, and where it is found again."""

import os
import stat
from configparser import ConfigParser
from pathlib import Path

import pytest

from flows.scheduler.crew.config import config_file, read_command, run_folder, socket_path, write_config
from settings.errors import ConfigError
from settings.machine import Settings

COMMANDS = {"one": ["sleep", "a b"], "other": ["true"]}


@pytest.fixture(autouse=True)
def sockets(tmp_path, monkeypatch) -> Path:
    """A folder in which the folder of sockets is made."""
    monkeypatch.setattr("flows.scheduler.crew.config.SOCKETS", tmp_path)
    return tmp_path


def test_write_config__no_path_of_the_project(tmp_path):
    """A folder whose name would begin a comment, or an expansion, in supervisord's file is none of its business."""
    settings = Settings(root=tmp_path / "50% #done")
    write_config(settings, COMMANDS)
    told = ConfigParser(interpolation=None)
    told.read(config_file(settings))
    assert [name for name in told if name.startswith("program:")] == ["program:one", "program:other"]
    assert (told["program:one"]["priority"], told["program:other"]["priority"]) == ("0", "1")
    assert told["program:one"]["stdout_logfile"] == "../logs/one.log"
    assert "%" not in config_file(settings).read_text()
    assert (settings.home / "logs").is_dir()
    assert read_command(settings, "one") == ["sleep", "a b"]


def test_socket_path__the_same_in_every_shell(tmp_path, monkeypatch):
    """Another temporary folder in another shell finds the same crew; two projects have two."""
    monkeypatch.undo()
    settings = Settings(root=tmp_path / "first")
    found = socket_path(settings)
    assert found != socket_path(Settings(root=tmp_path / "second"))
    assert len(os.fsencode(found)) < 100
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert socket_path(settings) == found


def test_write_config__folder_of_the_owner_alone(tmp_path):
    """Nobody else can look where the socket lies; it may be there already."""
    for name in ("first", "second"):
        write_config(Settings(root=tmp_path / name), COMMANDS)
    assert stat.S_IMODE(socket_path(Settings(root=tmp_path)).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o750])
def test_write_config__folder_is_open(tmp_path, sockets, mode):
    """Where others could put a socket of their own nothing is started."""
    folder = sockets / f"regraft-{os.getuid()}"
    folder.mkdir()
    folder.chmod(mode)
    settings = Settings(root=tmp_path / "project")
    with pytest.raises(ConfigError, match="open to others, who could answer there; remove it"):
        write_config(settings, COMMANDS)
    assert not config_file(settings).exists()
    assert run_folder(settings).is_dir()

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


def test_write_config__no_path_of_the_project(tmp_path, monkeypatch):
    """A folder whose name would begin a comment, or an expansion, in supervisord's file is none of its business."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    settings = Settings(root=tmp_path / "50% #done")
    write_config(settings, COMMANDS)
    told = ConfigParser(interpolation=None)
    told.read(config_file(settings))
    assert [name for name in told if name.startswith("program:")] == ["program:one", "program:other"]
    assert (told["program:one"]["priority"], told["program:other"]["priority"]) == ("0", "1")
    assert told["program:one"]["stdout_logfile"] == "%(here)s/../logs/one.log"
    assert "50%" not in config_file(settings).read_text()
    assert (settings.home / "logs").is_dir()
    assert read_command(settings, "one") == ["sleep", "a b"]


def test_socket_path__as_it_was_started(tmp_path, monkeypatch):
    """Another temporary folder in another shell finds the same crew; two projects have two."""
    first, second = Settings(root=tmp_path / "first"), Settings(root=tmp_path / "second")
    assert socket_path(first) is None
    write_config(first, COMMANDS)
    write_config(second, COMMANDS)
    found = Path(str(socket_path(first)))
    assert found != Path(str(socket_path(second)))
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    assert len(os.fsencode(found)) < 100
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert Path(str(socket_path(first))) == found


@pytest.mark.parametrize("mode", [0o777, 0o750])
def test_write_config__folder_is_open(tmp_path, monkeypatch, mode):
    """Where others could put a socket of their own nothing is started."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"regraft-{os.getuid()}"
    folder.mkdir()
    folder.chmod(mode)
    settings = Settings(root=tmp_path / "project")
    with pytest.raises(ConfigError, match="open to others; remove it"):
        write_config(settings, COMMANDS)
    assert not config_file(settings).exists()
    assert run_folder(settings).is_dir()

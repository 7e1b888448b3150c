"""A full disk is one line, wherever a command met it."""

import errno
import os
import shutil
import tempfile
from types import SimpleNamespace

import click
import pytest

from flows.cli import LazyGroup, main
from flows.cli.shell.disk import full_disk

REMEDY = "make room there and run the same command again, it goes on"


def behind(number: int, name: str | None) -> ValueError:
    """What a library makes of a fault of the disk."""
    outer, middle = ValueError("something else"), KeyError("a library's own")
    outer.__context__, middle.__cause__ = middle, OSError(number, os.strerror(number), name)
    return outer


@pytest.mark.parametrize(
    ("number", "name", "told"),
    [
        (errno.ENOSPC, "/data/a.png", "/data/a.png: No space left on device"),
        (errno.EDQUOT, "/data/a.png", "/data/a.png: Disk quota exceeded"),
        (errno.EFBIG, None, f"{tempfile.gettempdir()}: File too large"),
    ],
)
def test_full_disk__behind_another_error(project, number, name, told):
    """The fault at the bottom is told; without a name it was a temporary file."""
    assert full_disk(behind(number, name)) == f"{told}; {REMEDY}"


def test_full_disk__none(project):
    """Other faults are bugs, and shown as such."""
    assert full_disk(behind(errno.ENOENT, "/data/a.png")) is None


@pytest.mark.parametrize("full", ["home", "temporary"])
def test_full_disk__told_by_nobody(project, monkeypatch, full):
    """A server or library that fails in words of its own beside a full disk fails of that."""
    home = project / ".regraft"
    home.mkdir()
    place = home if full == "home" else tempfile.gettempdir()
    usage = shutil.disk_usage
    left = SimpleNamespace(free=2**20 - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda one: left if str(one) == str(place) else usage(one))
    assert full_disk(ValueError("500")) == f"{place}: no room is left on its disk; {REMEDY}"


@pytest.mark.parametrize(("number", "ends"), [(errno.ENOSPC, SystemExit), (errno.ENOENT, OSError)])
def test_main__disk_is_full(project, monkeypatch, capsys, number, ends):
    """One line and exit code 1; what is no fault of the disk keeps its traceback."""

    @click.command()
    def writes() -> None:
        raise OSError(number, os.strerror(number), "/data/a.png")

    monkeypatch.setattr(LazyGroup, "get_command", lambda *asked: writes)
    monkeypatch.setattr("sys.argv", ["regraft", "writes"])
    with pytest.raises(ends) as ended:
        main()
    if ends is SystemExit:
        assert ended.value.code == 1
        assert capsys.readouterr().err == f"error: /data/a.png: No space left on device; {REMEDY}\n"

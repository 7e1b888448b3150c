"""Logs are read whole, whatever happens to their files meanwhile."""

import pytest

from flows.scheduler.crew.logs import Followed, last_lines, log_files
from settings.errors import ConfigError
from settings.machine import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A project with two logs."""
    settings = Settings(root=tmp_path)
    folder = settings.home / "logs"
    folder.mkdir(parents=True)
    (folder / "one.log").write_text("before\n")
    (folder / "other.log").write_text("".join(f"line {number}\n" for number in range(100)))
    (folder / "one.log.1").write_text("long ago\n")
    return settings


def test_log_files__of_all_or_one(settings):
    """Those that were put aside are none of them."""
    assert [*log_files(settings)] == ["one", "other"]
    assert [*log_files(settings, "other")] == ["other"]


def test_log_files__unknown(settings, tmp_path):
    """The line names what there is."""
    with pytest.raises(ConfigError, match="'two' has no log; there are one, other"):
        log_files(settings, "two")
    with pytest.raises(ConfigError, match="`regraft up` writes them"):
        log_files(Settings(root=tmp_path / "fresh"), "one")


def test_last_lines__fewer_than_asked(settings):
    """The last of them in their order, or all."""
    files = log_files(settings)
    assert last_lines(files["other"], 2) == ["line 98", "line 99"]
    assert last_lines(files["one"], 5) == ["before"]


def test_followed__what_comes(settings):
    """Only what is new, and no half a line."""
    files = log_files(settings)
    followed = Followed(files)
    assert [*followed.lines()] == []
    with files["one"].open("a") as log:
        log.write("first\nsec")
        log.flush()
        assert [*followed.lines()] == [("one", "first")]
        log.write("ond\n")
    assert [*followed.lines()] == [("one", "second")]


def test_followed__put_aside(settings):
    """What was written before the file was renamed, and what the new one begins with."""
    files = log_files(settings)
    followed = Followed(files)
    path = files["one"]
    with path.open("a") as log:
        path.rename(path.with_suffix(".log.1"))
        log.write("last of the old\n")
    assert [*followed.lines()] == [("one", "last of the old")], "the new one is still to come"
    path.write_text("first of the new\nsecond\n")
    assert [*followed.lines()] == [("one", "first of the new"), ("one", "second")]


def test_followed__not_there_yet(settings):
    """A log that begins later is read from its beginning."""
    path = settings.home / "logs" / "late.log"
    followed = Followed({"late": path})
    assert [*followed.lines()] == []
    path.write_text("hello\n")
    assert [*followed.lines()] == [("late", "hello")]
    assert followed.names == ["late"]

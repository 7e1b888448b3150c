"""What a person sees of the servers."""

from click.testing import CliRunner

from flows.cli import regraft
from flows.scheduler.crew.control import Member


def test_ps__a_row_each(monkeypatch):
    """Even the longest values stand side by side in a narrow terminal."""
    long = Member(
        "service", "starting", 4194304, "2026-11-28T11:52:03+00:00", 123456, "http://127.0.0.1:54321", answers=True
    )
    monkeypatch.setattr("flows.scheduler.crew.control.members", lambda settings: [long, long])
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(regraft, ["ps"]).output.splitlines()
    assert len([line for line in lines if "service" in line and "11-28 11:52" in line and ":54321" in line]) == 2

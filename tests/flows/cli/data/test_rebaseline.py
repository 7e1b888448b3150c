"""`regraft rebaseline` accepts the present traffic, and says how much that was."""

import pytest
from click.testing import CliRunner

from flows import rebaseline
from flows.cli import regraft
from tasks.watch.accepting import Accepted


@pytest.mark.usefixtures("project")
def test_rebaseline__says_what_was_accepted(monkeypatch):
    """The reason goes with it; without one it is wrong usage."""
    asked = []
    found = Accepted("digits", 3, 200, "watch, 2026-05-01 12:00 UTC: drift")
    monkeypatch.setattr(rebaseline, "accept", lambda domain, reason, broken: asked.append((reason, broken)) or found)
    shown = CliRunner().invoke(regraft, ["rebaseline", "digits", "--reason", "new line"])
    assert (shown.exit_code, asked) == (0, [("new line", False)])
    assert "200 samples of v3" in shown.output
    assert "watch, 2026-05-01 12:00 UTC: drift" in shown.output
    assert CliRunner().invoke(regraft, ["rebaseline", "digits", "--reason", "r", "--yes"]).exit_code == 0
    assert asked[1:] == [("r", True)]
    assert CliRunner().invoke(regraft, ["rebaseline", "digits"]).exit_code == 2

"""Exit codes and where they are told."""

import re
from pathlib import Path

from click.testing import CliRunner

from flows.cli import regraft
from flows.cli.shell.exits import Exit

PAGE = Path(__file__).parents[4] / "docs" / "operations.md"


def test_exit__help_tells_each():
    """Every code stands in the help of `regraft`."""
    shown = CliRunner().invoke(regraft, ["--help"]).stdout.partition("Exit codes:")[2]
    assert [int(code) for code in re.findall(r"^  (\d+)  ", shown, re.MULTILINE)] == [int(one) for one in Exit]


def test_exit__docs_tell_each():
    """The page on operation tells the same codes in the same words."""
    told = dict(re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(), re.MULTILINE))
    assert told == {str(int(one)): one.sentence for one in Exit}

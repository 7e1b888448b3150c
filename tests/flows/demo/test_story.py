"""The demo's words; the demo as a whole is an end-to-end test."""

import pytest
from rich.console import Console

from data.stages.report import ValidationReport
from flows.demo.story import Story, _change_back, _told, _told_quarantine, where_to_look
from tasks.promote import Promotion


def shown(table: object) -> str:
    """A table as a wide terminal has it."""
    console = Console(width=200)
    with console.capture() as found:
        console.print(table)
    return found.get()


def promotion(champion: int) -> Promotion:
    """What came of a retrain."""
    return Promotion("solar", 2, "HOLD", ("no gain", "too slow"), champion)


def test_step__keeps_what_was_told():
    """What a step gives comes back, and what is said of it is kept under its title."""
    story = Story()
    assert story.step("First", lambda: 7, lambda found: f"came to {found}") == 7
    assert [row[:2] for row in story.rows] == [("First", "came to 7")]


def test_table__seconds_of_all():
    """A row for each step, and the sum below."""
    story = Story()
    story.rows = [("First", "came to 7", 3.0), ("Second", "nothing", 40.0)]
    rows = [line for line in shown(story.table()).splitlines() if "│" in line]
    assert [[cell.strip() for cell in row.split("│")[1:-1]] for row in rows] == [
        ["First", "came to 7", "3"], ["Second", "nothing", "40"], ["all of it", "", "43"],
    ]  # fmt: skip


def test_change_back__no_version_to_go_back_to():
    """Where the second retrain changed nothing, nobody rolls back."""
    story = Story()
    _change_back(story, promotion(1), promotion(1))
    assert story.rows == []


def test_told__all_reasons():
    """Outcome, version, every reason and who is in production."""
    assert _told(promotion(1)) == "HOLD v2: no gain; too slow; in production: v1"


def test_told_quarantine__file_by_file():
    """Each bad file by its name alone, with its reason."""
    report = ValidationReport(3, 1, 0, {"/far/away/a.png": "too dark", "b.png": "no image"}, {}, [])
    assert _told_quarantine(report).splitlines() == ["1 of 3 rows accepted", "   a.png: too dark", "   b.png: no image"]


@pytest.mark.usefixtures("project")
def test_where_to_look__commands_and_pages():
    """The next commands and the pages by their paths."""
    text = shown(where_to_look())
    assert ("regraft up" in text, "validation.html" in text, "drift.html" in text) == (True, True, True)

"""The demo's words; the demo as a whole is an end-to-end test."""

import pytest
from rich.console import Console

from data.stages.report import ValidationReport
from flows.demo.service import Callers, Service
from flows.demo.story import Story, _change_back, _told, _told_answers, _told_callers, _told_quarantine, where_to_look
from tasks.judging.promote import Promotion


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
    _change_back(story, promotion(1), promotion(1), Service("solar", 9))
    assert story.rows == []


def test_change_back__the_service_follows(monkeypatch):
    """Each step waits until callers have the version that it names."""
    done = []
    monkeypatch.setattr("flows.demo.story.rollback", lambda _, wish, to: done.append(to) or promotion(to))
    monkeypatch.setattr(Service, "await_version", lambda _, version: done.append(f"answers with {version}"))
    _change_back(Story(), promotion(1), promotion(2), Service("solar", 9))
    assert done == [1, "answers with 1", 2, "answers with 2"]


def test_told_callers__by_version():
    """How many had an answer, by which version, and how many had none."""
    callers = Callers(Service("solar", 9), [])
    assert _told_callers(callers) == "0 answers, 0 requests failed: nothing was asked"
    callers.answers.update([2, 1, 2])
    callers.failed = 1
    assert _told_callers(callers) == "3 answers, 1 requests failed: 1 by v1, 2 by v2"
    said = [{"version": 2, "label": "defective"}, {"version": 2, "label": "functional"}, {"version": 2, "error": "x"}]
    assert _told_answers(said) == "1 defective, 1 functional, 1 None by v2"


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

"""The validation page: one file that loads nothing and trusts nobody."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from data.stages.expectations import Verdict
from data.stages.report import ValidationReport, write_report

NASTY = ["<script>alert(1)</script>.png", '"><img src=x onerror=alert(1)>.png', "&amp;.png", "{{ 7 * 7 }}.png"]


class Page(HTMLParser):
    """Collects the tags, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        """Notes a text."""
        self.texts.append(data)


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A page about nasty names, with one broken rule of two."""
    verdicts = [
        Verdict("be null", "error", success=False, checked=9, unexpected=4, rows=(0, 1, 2, 3), reasons=("<b>",) * 4),
        Verdict("be between min value 3", "accepted", success=True, checked=1, unexpected=0, rows=(), reasons=()),
    ]
    report = ValidationReport(
        total=9, accepted=4, duplicates=1, quarantine=dict.fromkeys(NASTY, "not <b>an</b> image"),
        classes={"<i>a</i>": 4}, verdicts=verdicts, notices=["<u>look</u>"],
    )  # fmt: skip
    write_report(tmp_path / "page.html", "photos", report)
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_write_report__names_are_text(page: str) -> None:
    """Names, reasons and classes from users are shown as they are and are never markup."""
    parsed = Page(page)
    assert parsed.tags.isdisjoint({"script", "img", "i"})
    shown = {*NASTY, "not <b>an</b> image", "<i>a</i>", "<u>look</u>", "4 samples: not <b>an</b> image"}
    assert shown <= set(parsed.texts)


def test_write_report__loads_nothing(page: str) -> None:
    """The page needs no network: no address, no script, no font."""
    parsed = Page(page)
    assert parsed.tags.isdisjoint({"script", "link", "iframe", "img", "object", "embed"})
    assert parsed.attributes <= {"lang", "charset", "class"}
    assert not any(word in page for word in ("http", "url(", "@import"))


def test_write_report__shows_counts_and_rules(page: str) -> None:
    """A person sees the counts, and which rule was kept and which was broken."""
    texts = Page(page).texts
    assert texts[texts.index("rows") - 1] == "9"
    assert texts[texts.index("in quarantine") - 1] == "4"
    assert texts[texts.index("duplicates dropped") - 1] == "1"
    assert (texts.count("kept"), texts.count("broken"), texts.count("be between min value 3")) == (1, 1, 1)


def test_causes__reasons_that_differ_in_numbers_or_names() -> None:
    """They are one cause, told with the words of the first; the most frequent one comes first."""
    quarantine = {
        "c/1.png": "labelled 'c1', which nobody knows",
        "a/1.png": "/in/a/1.png: gone; restore it",
        "b/x.png": "/in/b/x.png: gone; restore it",
        "a/2.png": "width 7 is under 8 pixels",
        "a/3.png": "width 5 is under 8 pixels",
        "a/4.png": "width 6 is under 8 pixels",
        "c/2.png": "labelled 'c2', which nobody knows",
    }
    report = ValidationReport(total=9, accepted=2, duplicates=0, quarantine=quarantine, classes={}, verdicts=[])
    assert report.causes == [
        "3 samples: width 7 is under 8 pixels",
        "2 samples: /in/a/1.png: gone; restore it",
        "1 sample: labelled 'c1', which nobody knows",
        "1 sample: labelled 'c2', which nobody knows",
    ]

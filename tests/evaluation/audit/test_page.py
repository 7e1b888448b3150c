"""The page and the table of an audit: self-contained, harmless, and true to what was found."""

import re

import pandas as pd

from evaluation.audit.page import SHOWN, shortened, write_findings, write_page


def test_write_page__self_contained(found, dataset, tmp_path):
    """Pictures are inside, nothing is loaded from elsewhere, and what users name is escaped."""
    write_page(tmp_path / "audit.html", found, dataset)
    page = (tmp_path / "audit.html").read_text()
    assert "&lt;b&gt;59&lt;/b&gt;" in page
    assert "<b>59</b>" not in page
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert "audit.csv" in page


def test_write_findings__harmless_table(found, tmp_path):
    """One row a finding, with hashes, paths and both samples of a pair; no cell is a formula."""
    write_findings(tmp_path / "audit.csv", found)
    table = pd.read_csv(tmp_path / "audit.csv", dtype=str)
    assert len(table) == sum(section.total for section in found.sections)
    assert table["path"].str.startswith("'=").all()
    assert table["hash"].str.len().eq(64).all()
    assert table.loc[0, "other_path"] == "'=1+<b>59</b>.png"


def test_shortened__totals_stay(found):
    """A long list is cut for the page, and still says how long it is."""
    first = found.sections[0]
    long = type(first)(first.title, first.about, (), 99, first.findings * 99)
    few = shortened(type(found)("photos", "v", 60, (long,), {})).sections[0]
    assert (len(few.findings), few.total) == (SHOWN, 99)

"""What the page says of many files."""

import os

from bench.report import NOT_RUN
from bench.serving.bulk import cells, high_water, lines_of, section


def test_section__memory_of_a_further_file():
    """What the larger run held more, for each file that it had more."""
    known = {
        name: {"values": {"value": peak, "files": int(name), "rate": 250.0, "parameters": 120}}
        for name, peak in (("10000", 500.0), ("100000", 509.0))
    }
    page = section(known)
    assert "| 100,000 | 509 | 250 | 120 |" in page
    assert "Memory for each further file: 105 bytes." in page
    assert section({}).count(NOT_RUN) == 3
    assert {one.name for one in cells()} == {*known}


def test_high_water__of_this_process():
    """Megabytes, of a process that runs."""
    assert 1 < high_water(os.getpid()) < 100_000
    assert high_water(2**22 + 1) == 0.0


def test_lines_of__counted(tmp_path):
    """As many as there are."""
    (tmp_path / "a.csv").write_text("head\n1\n2\n")
    assert lines_of(tmp_path / "a.csv") == 3

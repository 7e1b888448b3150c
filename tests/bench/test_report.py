"""The page is made of results alone: ratios from files, and what was not measured says so."""

import re
from dataclasses import replace
from itertools import chain

import pytest

from bench.errors import BenchError
from bench.measure import Cell
from bench.report import BENCHMARKS, decimals, load_results, page, table
from bench.training.speed import measuring_rounds


def measured(name: str) -> list[Cell]:
    """The cells of a comparison at 224 pixels, three rounds of them."""
    return list(chain.from_iterable(measuring_rounds([name], [224], 64, 3, 2)))


def line(text: str, *words: str) -> str:
    """The one line of a table that holds all the words."""
    (found,) = [row for row in text.splitlines() if row.startswith("|") and all(word in row for word in words)]
    return found


def activations() -> str:
    """The part of the page about the activation cache with the recipe's own number of stages."""
    return page().split("### The activation cache")[1]


def test_page__nothing_was_run(project):
    """Every benchmark has its chapter, and no table holds a number that was measured."""
    text = page()
    assert all(f"## {title}" in text for _, title in BENCHMARKS.values())
    rows = [row for row in text.splitlines() if row.startswith("|") and re.search(r"\| (224|128|[\d,]+) \||px", row)]
    assert len(rows) > 10
    assert all("not run" in row or "px" in row for row in rows)
    assert "Machine and date: not run" in text


def test_page__ratios_come_from_the_files(write_result):
    """Median and range of the rounds; a side that was not run has none."""
    values = {"regraft": 30.0, "timm": 10.0}
    for cell in measured("full"):
        _, _, side, number = cell.name.split("/")
        if side in values:
            write_result(cell, values[side] * (int(number) if side == "timm" else 1))
    text = page().split("### The activation cache", maxsplit=1)[0]
    assert "not run" in line(text, "Lightning + ImageFolder", "224")
    assert "**1.5** (1 to 3)" in line(text, "timm's training parts", "224")
    assert "| 20 | 3 | 64 |" in line(text, "timm's training parts", "224")
    assert "not run" in line(text, "timm's training parts", "128")


def test_page__less_time_is_faster(write_result):
    """Where seconds are compared, half of them is twice as fast."""
    for cell in measured("partial"):
        write_result(cell, 2.0 if "uncached" in cell.name else 0.5)
    assert "**4** (4 to 4)" in line(activations(), "without (`views: 0`)", "224")


def test_page__rounds_with_other_parameters_give_no_ratio(write_result):
    """Sixty-four images against five hundred is no comparison."""
    for cell in measured("partial"):
        other = replace(cell, parameters={**cell.parameters, "images": 512})
        write_result(other if "uncached" in cell.name else cell, 1.0)
    assert line(activations(), "without (`views: 0`)", "224").endswith("| not run |")


def test_page__names_the_machine(write_result):
    """Processor, date and revision stand above the table."""
    write_result(measured("partial")[0], 1.0)
    assert re.search(r"Measured on \d+ cores of .+, revision \w+", page())


def test_load_results__damaged(write_result):
    """A damaged file is named; the page is not made without it."""
    cell = measured("partial")[0]
    write_result(cell, 1.0)
    cell.path.write_text("[")
    with pytest.raises(BenchError, match=r"1\.json"):
        load_results("speed")


def test_table__is_markdown():
    """Head, rule and rows."""
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_decimals__three_that_count():
    """Large numbers have no fraction, small ones no exponent."""
    assert [decimals(value) for value in (1234.5, 12.34, 0.1234)] == ["1234", "12.3", "0.123"]

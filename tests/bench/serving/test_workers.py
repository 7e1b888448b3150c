"""What the page says of processes that share the cores."""

from bench.report import NOT_RUN
from bench.serving.workers import cells, section


def test_section__medians_of_the_rounds():
    """A row a way; what was not measured says so."""

    def of(value: float) -> dict:
        return {"values": {"value": value, "p99_ms": 40.0, "failed": 0.0}}

    page = section({f"1/{number}": of(value) for number, value in enumerate([30, 50, 60])})
    assert "| 1 | 50 | 40 | 0 | 3 |" in page
    assert f"| 2 | {NOT_RUN} |" in page


def test_cells__a_round_has_both_ways():
    """They are measured in turn."""
    assert [one.name for one in cells(2)] == ["1/0", "2/0", "1/1", "2/1"]

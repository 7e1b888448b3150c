"""The simulation of the gate: its tables count what the gate did."""

import pytest

from bench.gate.rates import cells, modules, section, single


def test_single__outcomes_by_both_rules(garments):
    """Of clearly better challengers all are promoted, of equal ones none by the rule before; every pair counts once."""
    better = single("", 300, "+10 points", 6)
    assert (better["pairs"], better["PROMOTE"], better["better"]) == (6, 6, 6)
    equal = single("", 60, "equal", 8)
    assert sum(equal.get(name, 0) for name in ("PROMOTE", "PROVISIONAL", "HOLD", "REJECT")) == 8
    assert equal.get("old", 0) <= 1


@pytest.mark.usefixtures("pool")
def test_modules__true_gain():
    """The mean gain of the pairs stands beside what the gate made of them."""
    found = modules("", 12, 1.0, 4)
    assert (found["pairs"], found["gain"] > 0.2) == (4, True)


def test_section__counts_what_the_gate_did():
    """Every result stands in its table, with Wilson's interval; what was not run says so."""
    counts = {"pairs": 1000, "PROMOTE": 25, "better": 20, "HOLD": 975}
    results = {
        "single/60/equal": {"values": counts},
        "looks/60/-2-points": {"values": {"pairs": 300, "PROMOTE": 3, "PROVISIONAL": 6, "told": 4.25}},
        "folds/0": {"values": {"0/out of fold/pairs": 200, "0/out of fold/PROMOTE": 3}},
        "folds/1": {"values": {"0/out of fold/pairs": 100}},
        "creep/3000/True": {"values": {"pairs": 300, "lost": 0.004, "half": 0.001, "promotions": 2.5}},
    }
    text = section(results)
    assert "| 60 | equal | 2.5% (1.7 to 3.7) | 2.0% (1.3 to 3.1) | 0.0% (0.0 to 0.4) | 97.5% (96.3 to 98.3) |" in text
    assert "| 60 | -2 points | 1.0% (0.3 to 2.9) | 2.0% (0.9 to 4.3) | 4.2 unrelated |" in text
    assert "| 3000 | yes | 2.50 | 0.0040 ± 0.0010 |" in text
    assert "| 300 | +5 points | not run |" in text
    assert "| 0 | out of fold | 300 | 1.0% (0.3 to 2.9) |" in text


def test_cells__one_result_each():
    """No two cells write the same file, and each names a function that there is."""
    found = cells("images", 1000)
    assert len({cell.path for cell in found}) == len(found) == 38
    assert {cell.function for cell in found} == {
        "bench.gate.folds:folds",
        *(f"bench.gate.rates:{kind}" for kind in ("single", "modules", "looks", "creep")),
    }

"""The simulation of the gate: its tables count what the gate did."""

import pytest

from bench.gate import SHOWN_LOOKS, cells, looks, null, power, section


@pytest.mark.usefixtures("pool")
def test_section__counts_what_the_gate_did() -> None:
    """Every function's result stands in its table, with Wilson's interval; what was not run says so."""
    results = {
        "null/auc/250-cells": {"values": null("auc", 0, 40, 4)},
        "power/10-modules/1": {"values": power(4, 0, 1.0, 3)},
        "looks/spending": {"values": looks(spending=True, sequences=1)},
    }
    assert results["null/auc/250-cells"]["values"]["pairs"] == 4
    assert results["power/10-modules/1"]["values"]["gain"] > 0.2
    assert len(results["looks/spending"]["values"]["promoted"]) == len(SHOWN_LOOKS)
    results["null/auc/250-cells"]["values"] = {"pairs": 1000, "promoted": 25, "rejected": 20}
    text = section(results)
    assert "| auc | 250 cells | 1000 | 2.5% (1.7 to 3.7) | 2.0% (1.3 to 3.1) |" in text
    assert "| accuracy | 5 modules | not run | not run | not run |" in text


def test_cells__one_result_each() -> None:
    """No two cells write the same file."""
    found = cells(1000)
    assert len({cell.path for cell in found}) == len(found) == 17

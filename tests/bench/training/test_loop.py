"""Where the time of a retrain goes: steps as Prefect recorded them, and what the table says."""

import json
from dataclasses import asdict

import pytest

from bench.machine import machine_facts
from bench.report import load_results
from bench.training.loop import ANSWER, OTHER, STEPS, chain, measure_chain, section


def test_section__medians_of_what_was_measured(project):
    """Each column is the median of the repeats; a domain that was not run says so."""
    for cell in chain("digits"):
        steps = dict.fromkeys(STEPS, float(cell.parameters["repeat"]))
        cell.path.parent.mkdir(parents=True, exist_ok=True)
        values = {"value": 7.0, ANSWER: 6.0, **steps, OTHER: 2.0}
        cell.path.write_text(json.dumps({**asdict(cell), "values": values, "machine": machine_facts()}))
    told = section(load_results("loop"))
    assert "| digits | unchanged data | 7 | 6 | 1 | 1 | 1 | 1 | 1 | 2 |" in told
    assert "| solar | first retrain | not run |" in told


def test_measure_chain__known_is_not_measured_again(write_result):
    """A chain of which all is known starts nothing."""
    for cell in chain("solar"):
        write_result(cell, 1.0)
    measure_chain("solar")


@pytest.mark.long
def test_measure_chain__a_real_project(project, monkeypatch, pytestconfig):
    """A retrain's steps are found in Prefect's record and account for most of it; with a server less is left over."""
    monkeypatch.chdir(pytestconfig.rootpath)
    measure_chain("digits")
    found = {name: record["values"] for name, record in load_results("loop").items()}
    first, unchanged, served = (found[f"digits/{run}/0"] for run in ("first", "unchanged", "served"))
    assert all(first[step] > 0 for step in STEPS)
    assert unchanged["stress"] == 0
    assert first[ANSWER] < first["value"] - first["stress"]
    assert served["value"] < unchanged["value"] < first["value"]

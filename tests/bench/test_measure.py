"""Cells in real child processes: measured once, resumed, and honest about faults."""

import json
from dataclasses import replace

import pytest

from bench.errors import BenchError
from bench.measure import Cell, bench_main, chosen, is_known, read_record, run_cell, run_cells

MODULE = """
import os, secrets

def measure(megabytes):
    block = bytearray(os.urandom(1024)) * 1024 * megabytes
    return {"value": secrets.randbits(60), "size": len(block), "root": os.environ["REGRAFT_ROOT"],
            "threads": os.environ["OMP_NUM_THREADS"]}

def fail(megabytes):
    raise ValueError("no luck")
"""


@pytest.fixture
def cell(project, monkeypatch):
    """A cell whose value is another one each time it is measured."""
    (project / "measured.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(project))
    return Cell("trial", "a/1", "measured:measure", {"megabytes": 200}, threads=1)


def test_chosen__in_the_order_given():
    """Names as they were given; one that is not known is told with those that are."""
    assert chosen("b, a", ("a", "b")) == ["b", "a"]
    with pytest.raises(BenchError, match="'c' is none of a, b"):
        chosen("a,c", ("a", "b"))


def test_run_cell__is_resumed(cell):
    """A known cell is not measured again unless that is asked for or its parameters or threads are others."""
    first = run_cell(cell)
    assert is_known(cell)
    assert run_cell(cell) == first
    assert run_cell(cell, again=True)["values"]["value"] != first["values"]["value"]
    assert not is_known(replace(cell, parameters={"megabytes": 1}))
    assert not is_known(replace(cell, threads=2))


def test_run_cell__other_parameters_are_measured(cell):
    """The new result takes the place of the old one."""
    first = run_cell(cell)
    second = run_cell(replace(cell, parameters={"megabytes": 1}))
    assert second["values"]["size"] < first["values"]["size"]
    assert read_record(cell.path) == second


def test_run_cell__tells_memory_threads_and_machine(cell, project):
    """The child's own peak counts what it held, and its project is a temporary one that is gone."""
    record = run_cell(cell)
    assert 200 < record["peak_mb"] < 1000
    assert record["values"]["threads"] == "1"
    assert not record["values"]["root"].startswith(str(project / "."))
    assert record["seconds"] > 0
    assert record["machine"]["cores"] >= 1
    assert json.loads(cell.path.read_text()) == record


def test_run_cell__works_in_a_given_project(cell, tmp_path):
    """Cells that build on each other share a root."""
    assert run_cell(cell, root=tmp_path / "shared")["values"]["root"] == str(tmp_path / "shared")


def test_run_cell__a_fault_leaves_no_result(cell):
    """The child's last line is told, and the cell stays unknown."""
    broken = replace(cell, function="measured:fail")
    with pytest.raises(BenchError, match="trial/a/1 failed: ValueError: no luck"):
        run_cell(broken)
    assert not broken.path.exists()


def test_run_cells__a_fault_does_not_stop_the_others(cell):
    """Every other cell is measured, and the fault is told at the end."""
    broken = replace(cell, name="b/1", function="measured:fail")
    with pytest.raises(BenchError, match="no luck"):
        run_cells([broken, cell])
    assert is_known(cell)


def test_read_record__damaged(cell):
    """A file that is no result is named, not taken for one."""
    cell.path.parent.mkdir(parents=True)
    cell.path.write_text("{")
    with pytest.raises(BenchError, match=r"a/1.json"):
        read_record(cell.path)


def test_bench_main__prints_one_line(capsys):
    """A fault is one line and an exit code."""

    def command():
        raise BenchError("cell a failed")

    with pytest.raises(SystemExit, match="^error: cell a failed$"):
        bench_main(command)

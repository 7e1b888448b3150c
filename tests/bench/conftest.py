"""What the tests of the benchmarks share: results as a cell leaves them."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.machine import machine_facts
from bench.measure import Cell


@pytest.fixture
def write_result(project: Path) -> Callable[..., None]:
    """Writes the result of a cell below the project, as if it had been measured."""

    def write(cell: Cell, value: float) -> None:
        cell.path.parent.mkdir(parents=True, exist_ok=True)
        measured = {"values": {"value": value}, "seconds": 1.0, "peak_mb": 100.0, "together_peak_mb": 200.0}
        cell.path.write_text(json.dumps({**asdict(cell), **measured, "machine": machine_facts()}))

    return write

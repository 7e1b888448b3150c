"""`regraft check` says what a retrain would make of a domain, and its exit code whether it would go on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import regraft
from flows.project.new import write_domain


@pytest.mark.parametrize(
    ("count", "code", "verdict"), [(5, 0, "a retrain would go on"), (2, 9, "refused: class 'dark'")]
)
def test_check__verdict_and_code(
    project: Path, image_folder: Callable[..., Path], count: int, code: int, verdict: str
) -> None:
    """Enough samples are code 0, too few of a class are code 9; for machines there is JSON."""
    write_domain("photos", image_folder(count), None, intended_use="Tests.")
    found = CliRunner().invoke(regraft, ["check", "photos"])
    assert found.exit_code == code, found.output
    assert verdict in " ".join(found.output.split())
    told = json.loads(CliRunner().invoke(regraft, ["check", "photos", "--json"]).output)
    assert told["samples"] == 2 * count

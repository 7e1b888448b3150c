"""`regraft canary` shows how a canary stands and ends it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from flows.cli import regraft
from registry.gate.config import CanaryConfig, GateConfig
from registry.ledger.canaries import open_canary
from registry.ledger.events import Events
from settings.machine import load_settings

DOMAIN = (Path(__file__).parents[4] / "domains" / "digits.yaml").read_text()


def test_canary__as_the_page_writes_it():
    """The YAML of docs/serving.md is a rule that the gate takes."""
    page = (Path(__file__).parents[4] / "docs" / "serving.md").read_text()
    (block,) = re.findall(r"```yaml\n(gate:.*?)```", page, re.DOTALL)
    told = GateConfig.model_validate_json(json.dumps({"floor": 0.5, **yaml.safe_load(block)["gate"]}))
    assert told.canary == CanaryConfig()


@pytest.fixture
def run(own_workshop):
    """Runs `regraft canary photos` in a project that has that domain."""
    (own_workshop.root / "domains").mkdir(exist_ok=True)
    (own_workshop.root / "domains" / "photos.yaml").write_text(DOMAIN)
    return lambda *options: CliRunner().invoke(regraft, ["canary", "photos", *options])


def test_canary__none(run):
    """A domain without one says what makes one."""
    found = run()
    assert (found.exit_code, "photos has no canary; gate.canary of its YAML" in found.output) == (0, True)
    assert run("--json").output.strip() == "null"
    assert "photos has no canary" in run("--stop").output


def test_canary__stands_and_is_stopped(run, canary):
    """Figures and what is proof; --stop ends it."""
    canary()
    found = run()
    assert (found.exit_code, found.output.splitlines()[0]) == (0, "photos: v2 is the canary of v1")
    assert "50 % of the callers" in found.output
    assert "goes on: neither harm nor a loss of at most 0.05 is shown yet" in found.output
    assert max(map(len, found.output.splitlines())) <= 80
    assert json.loads(run("--json").output)["finding"]["figures"]["labelled"] == 0
    assert "v2 is no canary any more" in run("--stop").output
    assert open_canary(Events(load_settings().ledger), "photos") is None

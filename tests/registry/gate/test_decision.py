"""The decision as JSON and as a page says all that it was made from."""

import json
from typing import Any, get_args

import pytest

from evaluation.inference.interval import Interval
from registry.gate.config import GateConfig
from registry.gate.decision import Decision, Floor, Outcome
from registry.gate.spending import Turn


def decision(**changes: Any) -> Decision:
    """A third comparison that was held, or what is changed of it."""
    parts: dict[str, Any] = {
        "outcome": "HOLD",
        "reasons": ("not enough evidence",),
        "metric": "auc",
        "challenger": Interval(0.91, 0.85, 0.95),
        "champion": Interval(0.9, 0.84, 0.94),
        "difference": Interval(0.01, -0.02, 0.04),
        "gain": Interval(0.02, -0.01, 0.05),
        "level": 0.9917,
        "mcnemar_p": 0.4,
        "samples": 250,
        "groups": 5,
        "samples_needed": 1000,
        "floors": (Floor.at_most("size in MB", 20.0, 1.0), Floor.at_least("slice a|b, auc", 0.2, 0.05, "improvement")),
        "test_set": "a" * 64,
        "turn": Turn(generation=2, use=4, look=3, effective=2.5),
        "config": GateConfig(floor=0.5),
    }
    return Decision(**(parts | changes))


def test_evidence__is_canonical() -> None:
    """Equal decisions have equal text and digest and come back from it; another rule has another."""
    first, other = decision(), decision(config=GateConfig(floor=0.6))
    assert first.sha256 == decision().sha256 != other.sha256
    assert json.loads(first.evidence())["turn"] == {
        "effective": 2.5, "generation": 2, "look": 3, "use": 4,
    }  # fmt: skip
    assert Decision.model_validate_json(first.evidence()) == first


def test_markdown__has_the_numbers() -> None:
    """The page shows outcome, both models, the improvement at its own level, every floor and the looks."""
    text = decision().markdown()
    assert text.startswith("## HOLD\n\n**The champion goes on serving: ")
    assert "\n\n- not enough evidence\n" in text
    assert "| champion | 0.9000 | 0.8400 to 0.9400 | 95 % |" in text
    assert "| improvement | 0.0100 | -0.0200 to 0.0400 | 99.17 % |" in text
    assert "| size in MB | 20 | at most 1 | **failed** |  |" in text
    assert "| slice a\\|b, auc | 0.2 | at least 0.05 | passed | improvement |" in text
    told = "comparison 3, which with those before tells as much as 2.5 unrelated ones of 10, at 99.17 %."
    assert f"Use 4 of test set generation 2; {told}" in text
    assert "| improvement of brier | 0.0200 | -0.0100 to 0.0500 | 99.17 % |" in text
    assert decision().sha256[:12] in text


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_markdown__says_what_follows(outcome: str) -> None:
    """Each outcome says in words who serves from now on."""
    served = "may go" if outcome == "PROMOTE" else "does not go" if outcome == "REJECT" else "goes on serving"
    assert served in decision(outcome=outcome).markdown().split("\n")[2]


def test_markdown__how_to_read_what_is_there() -> None:
    """Terms of the tables are explained, those that do not occur are not."""
    told = decision().markdown().split("How to read this:")[1]
    for term in ("*interval*", "*improvement*", "*brier*", "*p* of a slice"):
        assert f"- {term}: " in told
    assert "calibration" not in told
    assert "lower bound" not in told
    floors = (Floor.at_most("calibration error, lower bound", 0.0, 0.1),)
    alone = decision(champion=None, difference=None, gain=None, level=None, floors=floors).markdown()
    told = alone.split("How to read this:")[1]
    assert "- *calibration error*: " in told
    assert "- *lower bound*: " in told
    assert "improvement" not in told
    assert "slice" not in told


def test_markdown__first_model() -> None:
    """Without a champion there is neither improvement nor comparison."""
    alone = {
        "champion": None,
        "difference": None,
        "gain": None,
        "level": None,
        "mcnemar_p": None,
        "turn": Turn(look=None),
    }
    text = decision(**alone).markdown()
    assert "improvement |" not in text.split("| floor")[0]
    assert "Use 1 of test set generation 0; nothing was compared." in text


@pytest.mark.parametrize(("value", "passed"), [(0.9, True), (1.0, True), (1.1, False)])
def test_floor__the_limit_itself_passes(value: float, passed: bool) -> None:
    """At most 1 means 1 is allowed; at least 1 means 1 is enough."""
    assert Floor.at_most("size", value, 1.0).passed is passed
    assert Floor.at_least("size", -value, -1.0).passed is passed

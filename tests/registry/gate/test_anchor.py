"""A challenger is held to the best version so far."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from evaluation.inference.paired import improvement
from evaluation.predictions.predictions import Predictions
from registry.gate.anchor import held_to
from registry.gate.config import GateConfig
from registry.gate.decision import Decision
from registry.gate.spending import Turn


def model(right: int) -> Predictions:
    """A binary model that is right on the first of 200 samples."""
    truth = np.arange(200) % 2
    said = np.where(np.arange(200) < right, truth, 1 - truth)
    names = [str(row) for row in range(200)]
    return Predictions(names, truth, np.eye(2)[said], np.ones(200), names, pd.DataFrame(index=range(200)), ("a", "b"))


def decided(outcome: str, **rule: Any) -> Decision:
    """A decision of the gate, but for what the best version says."""
    config = GateConfig(metric="accuracy", floor=0.1, resamples=200, **rule)
    return Decision(
        outcome=outcome, reasons=("non-inferior",), metric="accuracy", challenger=Interval(0.9, 0.8, 1.0),
        samples=200, groups=200, floors=(), test_set="a" * 64, turn=Turn(), config=config, better=True,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", ["PROMOTE", "PROVISIONAL"])
def test_held_to__below_the_total_margin(outcome: str) -> None:
    """One and a half points below the best version is HOLD, although the champion of now may be no better."""
    found = held_to(decided(outcome), model(177), model(180), 3)
    assert (found.outcome, found.better) == ("HOLD", False)
    assert found.reasons[0].startswith(
        "below v3, the best version so far, by more than gate.total_margin 0.01: accuracy improves on it by -0.0150 ("
    )
    assert found.reasons[1:] == ("non-inferior",)


def test_held_to__within_the_total_margin() -> None:
    """Half a point below passes, and the page names the version that it was held to."""
    found = held_to(decided("PROMOTE"), model(179), model(180), 3)
    assert (found.outcome, found.better) == ("PROMOTE", True)
    assert found.notes[0].startswith("best version so far: v3; accuracy improves on it by -0.0050")
    ends = improvement("accuracy", model(180), model(179), found.config.resampling)
    assert found.notes[0].endswith(f"-0.0050 ({ends.low:+.4f} to {ends.high:+.4f})"), "at the level of the rule"
    assert held_to(decided("PROMOTE", total_margin=0.0), model(179), model(180), 3).outcome == "HOLD"


@pytest.mark.parametrize("outcome", ["HOLD", "REJECT"])
def test_held_to__what_is_not_promoted_anyway(outcome: str) -> None:
    """Nothing is added to a decision that changes nothing."""
    assert held_to(decided(outcome), model(100), model(180), 3) == decided(outcome)

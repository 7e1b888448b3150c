"""The floor of protected columns fails where a difference is surely too large, and only there."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.disparity import UNKNOWN, Disparity
from evaluation.inference.interval import Interval
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Measured
from registry.gate.disparity_floors import disparity_floors


def disparity(low, column="site", measure="selection rate"):
    """A disparity of some interval; nan: none could be had."""
    if math.isnan(low):
        return Disparity(column, measure, "yes", {}, {"x": 3, "y": 4}, UNKNOWN, UNKNOWN)
    rates = {"x": 0.2, "y": 0.2 + low + 0.1}
    return Disparity(column, measure, "yes", rates, {}, Interval(low + 0.1, low, low + 0.2), UNKNOWN)


@pytest.mark.parametrize(("low", "passed"), [(-0.05, True), (0.1, True), (0.11, False), (math.nan, True)])
def test_disparity_floors__lower_end(low, passed):
    """What lies above the limit as a whole fails; what may lie below it, or cannot be compared, does not."""
    (floor,) = disparity_floors([disparity(low)], 0.1)
    assert floor.passed == passed
    assert floor.value >= 0
    assert floor.note


def test_disparity_floors__one_a_column():
    """Of a column the measure that is surely farthest apart stands; its groups are named."""
    found = [disparity(0.2), disparity(0.3, measure="true positive rate"), disparity(0.01, column="age")]
    floors = disparity_floors(found, 0.1)
    assert [(floor.name, floor.value) for floor in floors] == [
        ("disparity of site, lower bound", 0.3),
        ("disparity of age, lower bound", 0.01),
    ]
    assert floors[0].note == "true positive rate of yes: x 0.200, y 0.600"


def test_disparity_floors__surely_before_far():
    """The measure that is surely farthest apart stands, not the one whose estimate is: noise makes estimates large."""
    sure, noisy = disparity(0.2), disparity(0.15, measure="true positive rate")
    noisy = replace(noisy, difference=Interval(0.8, 0.15, 1.0))
    (floor,) = disparity_floors([noisy, sure], 0.1)
    assert (floor.value, floor.note.split(" of ")[0]) == (0.2, "selection rate")


def test_disparity_floors__unset():
    """Without a limit disparities are told and decide nothing."""
    assert disparity_floors([disparity(0.9)], None) == []


@pytest.mark.parametrize(("most", "outcome"), [(None, "PROMOTE"), (0.5, "PROMOTE"), (0.1, "REJECT")])
def test_decide__max_disparity(most, outcome):
    """A good model whose rates surely lie further apart than the domain allows is rejected by name."""
    truth = np.arange(200) % 2
    right = np.stack([1 - truth, truth], axis=1) * 0.9 + 0.05
    names = [str(place) for place in range(200)]
    found = Predictions(names, truth, right, np.ones(200), names, pd.DataFrame(index=range(200)), ("no", "yes"))
    measured = Measured(1.0, 1.0, 0.0, 1e-3, (), (disparity(0.2),))
    config = GateConfig(metric="accuracy", floor=0.5, max_ece=0.9, resamples=100, max_disparity=most)
    decision = decide(found, None, config=config, measured=measured)
    assert decision.outcome == outcome
    assert ("disparity of site" in decision.reasons[0]) == (outcome == "REJECT")

"""What two intervals say of a challenger, by the rule's own words."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from evaluation.inference.paired import samples_needed
from evaluation.predictions.predictions import Predictions
from registry.gate.comparison import Comparison, compare
from registry.gate.config import GateConfig

BETTER, EQUAL, WORSE = Interval(0.05, 0.01, 0.09), Interval(0.0, -0.01, 0.01), Interval(-0.05, -0.09, -0.01)
WIDE, LOW = Interval(0.01, -0.09, 0.11), Interval(-0.01, -0.11, 0.09)


def found(difference: Interval, gain: Interval, **changes: Any) -> tuple[str, bool]:
    """Outcome, and whether it is called better, with a margin of 0.02 and one of 0.015 for the score."""
    rule = {"config": GateConfig(floor=0.1), "margin": 0.02, "score_margin": 0.015, "samples": 60, "needed": 500}
    finding = Comparison(difference=difference, gain=gain, **(rule | changes)).finding
    return finding.outcome, finding.better


@pytest.mark.parametrize(
    ("difference", "gain", "outcome", "better"),
    [
        (BETTER, BETTER, "PROMOTE", True),
        (WIDE, BETTER, "PROMOTE", True),  # the score shows what the metric cannot yet
        (LOW, BETTER, "PROVISIONAL", False),  # a better score beside a metric that fell
        (BETTER, WIDE, "PROVISIONAL", False),  # as good needs both surely
        (EQUAL, EQUAL, "PROMOTE", False),
        (EQUAL, WIDE, "PROVISIONAL", False),
        (WIDE, EQUAL, "PROVISIONAL", False),
        (WIDE, LOW, "HOLD", False),
        (Interval(-0.03, -0.09, 0.03), WIDE, "HOLD", False),  # the estimate lies below the margin
        (WORSE, WORSE, "HOLD", False),  # surely worse, not surely by more than is borne
        (Interval(-0.05, -0.09, -0.021), BETTER, "REJECT", False),
    ],
)
def test_finding__by_metric_and_score(difference: Interval, gain: Interval, outcome: str, better: bool) -> None:
    """Better needs the score surely and the metric by its estimate; as good needs both surely; harm the metric."""
    assert found(difference, gain) == (outcome, better)


def test_finding__no_margin() -> None:
    """Where no loss is borne an equal challenger is left open, and one that is surely worse is rejected."""
    assert found(EQUAL, EQUAL, margin=0.0, score_margin=0.0) == ("PROVISIONAL", False)
    assert found(WORSE, WORSE, margin=0.0, score_margin=0.0) == ("REJECT", False)
    assert found(BETTER, BETTER, margin=0.0, score_margin=0.0) == ("PROMOTE", True)
    assert found(BETTER, EQUAL, margin=0.0) == ("PROVISIONAL", False), "as good is no reason where no loss is borne"


def test_finding__superiority() -> None:
    """By a score the metric's estimate has to reach it, by the metric itself the lower end."""
    by_score, by_metric = (GateConfig(floor=0.1, superiority=0.03, score=score) for score in ("brier", "metric"))
    narrow = Interval(0.04, 0.031, 0.05)
    assert found(BETTER, BETTER, config=by_score) == ("PROMOTE", True)
    assert found(WIDE, BETTER, config=by_score) == ("PROVISIONAL", False)
    assert found(BETTER, BETTER, config=by_metric) == ("PROMOTE", False)
    assert found(narrow, narrow, config=by_metric) == ("PROMOTE", True)


def test_finding__says_how_bad_it_could_be() -> None:
    """What is left open says what is at stake and what would settle it."""
    rule = {"config": GateConfig(floor=0.1), "margin": 0.02, "score_margin": 0.015, "samples": 60}
    few = Comparison(difference=WIDE, gain=Interval(0.01, -0.02, 0.04), needed=500, **rule).finding.reason
    assert few.endswith("it could be up to 0.09 worse; about 500 samples would settle it, there are 60")
    most = Comparison(difference=WIDE, gain=WIDE, needed=600, **rule).finding.reason
    assert most.endswith("about 600 samples would settle it, there are 60")
    hopeless = Comparison(difference=WIDE, gain=WIDE, needed=601, **rule).finding.reason
    assert hopeless.endswith("0.09 worse; even 10 times the 60 samples that there are would not settle it")
    enough = Comparison(difference=WIDE, gain=WIDE, needed=60, **rule).finding.reason
    assert enough.endswith("60 samples would have shown a difference that matters")


def model(right: int, sure: float = 0.9) -> Predictions:
    """A binary model that is right on the first of 100 samples and equally sure of all."""
    truth = np.arange(100) % 2
    said = np.where(np.arange(100) < right, truth, 1 - truth)
    names = [str(row) for row in range(100)]
    probabilities = np.eye(2)[said] * (2 * sure - 1) + 1 - sure
    return Predictions(names, truth, probabilities, np.ones(100), names, pd.DataFrame(index=range(100)), ("a", "b"))


def test_compare__margins_by_the_champion_s_error() -> None:
    """A quarter of the champion's error, and a share of its own score; the score is an improvement where it falls."""
    champion = model(80)
    compared = compare(champion, model(90), GateConfig(metric="accuracy", floor=0.1, resamples=200), 0.95)
    assert compared.margin == pytest.approx(0.05)
    assert compared.score_margin == pytest.approx(0.075 * (0.8 * 0.01 + 0.2 * 0.81))
    assert compared.difference.value == pytest.approx(0.1)
    assert compared.gain.value == pytest.approx(0.1 * (0.81 - 0.01))
    assert compared.samples == 100
    assert compared.needed > 100


def test_compare__margins_by_weight() -> None:
    """The champion's error is that of its weighted samples: 20 of 100 wrong, of twice the weight, are a third."""
    weights = np.where(np.arange(100) < 80, 1.0, 2.0)
    pair = [replace(model(right), weights=weights) for right in (80, 90)]
    compared = compare(*pair, GateConfig(metric="accuracy", floor=0.1, resamples=200), 0.95)
    assert compared.margin == pytest.approx(40 / 120 / 4)
    assert compared.score_margin == pytest.approx(0.075 * (80 * 0.01 + 40 * 0.81) / 120)


def test_compare__the_metric_alone() -> None:
    """Where the metric decides there is one interval and one margin."""
    rule = GateConfig(metric="accuracy", floor=0.1, resamples=200, score="metric", non_inferiority=0.03)
    compared = compare(model(80), model(90), rule, 0.95)
    assert compared.gain == compared.difference
    assert compared.margin == compared.score_margin == 0.03


@pytest.mark.parametrize("level", [0.95, 0.999])
def test_compare__samples_that_would_settle_it(level: float) -> None:
    """As many as the harder of the two questions takes, at the level of the look."""
    rule = GateConfig(metric="accuracy", floor=0.1, resamples=200)
    found = compare(model(80), model(82), rule, level)
    asked = {found.difference: found.margin, found.gain: found.score_margin}
    sizes = [samples_needed(one, samples=100, groups=100, effect=effect, level=level) for one, effect in asked.items()]
    assert found.needed == max(sizes) > 100


def test_compare__at_the_level_of_the_look() -> None:
    """A later look gives wider intervals."""
    rule = GateConfig(metric="accuracy", floor=0.1, resamples=200)
    first, later = (compare(model(80), model(90), rule, level) for level in (0.95, 0.999))
    assert later.difference.low < first.difference.low
    assert later.gain.low < first.gain.low

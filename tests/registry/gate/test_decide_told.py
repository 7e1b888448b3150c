"""What a decision says besides its outcome is of the right model, at the right level, and only where it holds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.bootstrap import bootstrap_interval
from evaluation.inference.paired import improvement, mcnemar_midp
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Decision, Measured
from registry.gate.shared_classes import doubt
from registry.gate.spending import Turn

GOOD = Measured(latency_ms=5.0, size_mb=20.0, parity=1e-6, parity_limit=1e-3, card_gaps=())
RULE: dict[str, Any] = {"metric": "accuracy", "floor": 0.1, "resamples": 200, "max_ece": 0.9}


def model(right: int, *, count: int = 200, slices: Any = None) -> Predictions:
    """A model of two classes that is right on the first samples."""
    place = np.arange(count)
    truth, names = place % 2, [str(row) for row in place]
    said = np.eye(2)[np.where(place < right, truth, 1 - truth)] * 0.8 + 0.1
    columns = pd.DataFrame({} if slices is None else {"line": slices}, index=range(count))
    return Predictions(names, truth, said, np.ones(count), names, columns, ("a", "b"))


def knowing(one: Predictions, *, knows: bool, right: int) -> Predictions:
    """The same with fifty samples of a class that it knows, or has never heard of; of the others `right` are right."""
    old = model(right, count=150)
    said = np.concatenate([np.pad(old.probabilities, ((0, 0), (0, 1))), np.tile([0.05, 0.05, 0.9], (50, 1))])
    if not knows:
        said[150:] = (0.5, 0.5, 0.0)
    truth, names = np.r_[old.truth, [2] * 50], ("a", "b", "new")
    return replace(one, truth=truth, probabilities=said, classes=names, unknown=() if knows else ("new",))


def judge(challenger: Predictions, champion: Predictions, *, look: int = 1, **rule: Any) -> Decision:
    """The gate's decision."""
    return decide(challenger, champion, config=GateConfig(**RULE | rule), measured=GOOD, turn=Turn(use=look, look=look))


def test_decide__each_model_by_its_own_figures() -> None:
    """Champion and challenger stand with their own intervals at the rule's level, McNemar's value with both."""
    champion, challenger = model(150), model(180)
    found = judge(challenger, champion, look=3)
    resampling = found.config.resampling
    assert found.champion == bootstrap_interval("accuracy", champion, resampling)
    assert found.challenger == bootstrap_interval("accuracy", challenger, resampling)
    assert found.mcnemar_p == mcnemar_midp(champion, challenger) < 0.001
    assert found.samples == found.groups == 200


def test_decide__better_but_rejected_is_no_best_version() -> None:
    """A challenger that is surely better and ruins a slice is rejected, and no successor is held to it."""
    lines = np.where(np.arange(200) >= 170, "x", "y")
    champion, challenger = model(0, slices=lines), model(170, slices=lines)
    said = np.where((lines == "x")[:, None], np.eye(2)[champion.truth], champion.probabilities)
    found = judge(challenger, replace(champion, probabilities=said))
    assert found.reasons[0].startswith("slice line=x")
    assert (found.outcome, found.better) == ("REJECT", False)


def test_decide__nothing_more_is_needed() -> None:
    """Where it is settled no number of samples is named, and there is nothing that a person has to do."""
    found = judge(model(190), model(150))
    assert (found.outcome, found.samples_needed, len(found.reasons)) == ("PROMOTE", None, 1)


def test_decide__spent_is_said_once() -> None:
    """A spent test set has one remedy: neither more samples nor another margin helps, and no warning is due."""
    found = judge(model(190), model(150), look=11)
    assert (found.outcome, len(found.reasons), found.notes) == ("HOLD", 1, ())


def test_decide__doubt_is_asked_of_promotions_alone() -> None:
    """What is provisional promises nothing, so that doubt about the shared classes is no reason to hold it."""
    base = model(150)
    champion, challenger = knowing(base, knows=False, right=130), knowing(base, knows=True, right=128)
    rule = {"superiority": 0.3, "non_inferiority": 0.0, "slice_margin": 0.03}
    assert doubt(champion, challenger, GateConfig(**RULE | rule), 0.95)
    assert judge(challenger, champion, **rule).outcome == "PROVISIONAL"


@pytest.mark.parametrize(("look", "outcome"), [(1, "PROMOTE"), (9, "HOLD")])
def test_decide__doubt_at_the_level_of_the_look(look: int, outcome: str) -> None:
    """What clears the shared classes at the first comparison does not at the ninth."""
    base = model(150)
    champion, challenger = knowing(base, knows=False, right=130), knowing(base, knows=True, right=130)
    pair = [one.among(("a", "b")) for one in (champion, challenger)]
    rule = GateConfig(**RULE)
    ends = [improvement("accuracy", *pair, rule.paired(Turn(look=at).level(0.95))).low for at in (1, 9)]
    found = judge(challenger, champion, look=look, slice_margin=-sum(ends) / 2)
    assert found.outcome == outcome

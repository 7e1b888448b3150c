"""Out-of-fold evidence: wider intervals of the improvement, floors on the test set, and no package below its folds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.bootstrap import bootstrap_interval
from evaluation.predictions.predictions import Predictions
from registry.gate.comparison import compare
from registry.gate.config import OVERLAP, GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Measured
from registry.gate.out_of_fold import NOTE, OutOfFold, broken_promise
from registry.gate.spending import Turn

GOOD = Measured(latency_ms=5.0, size_mb=20.0, parity=1e-6, parity_limit=1e-3, card_gaps=())
TEST = 60
RULE = GateConfig(metric="accuracy", floor=0.1, max_ece=0.9, resamples=200, non_inferiority=0.0, evidence="out_of_fold")


def model(tested: float, others: float, samples: int = 300) -> Predictions:
    """Answers to samples of which the first sixty are the test set, right on a share of either part."""
    place = np.arange(samples)
    right = np.where(place < TEST, place < TEST * tested, place - TEST < (samples - TEST) * others)
    truth, names = place % 2, [str(number) for number in place]
    said = np.eye(2)[np.where(right, truth, 1 - truth)] * 0.8 + 0.1
    slices = pd.DataFrame(index=range(samples))
    return Predictions(names, truth, said, np.ones(samples), names, slices, ("a", "b"))


def on_test(one: Predictions) -> Predictions:
    """Its answers to the test set."""
    return one.take(np.arange(len(one)) < TEST)


def test_compare__corrected_for_overlap():
    """By Nadeau and Bengio's correction intervals of five folds are one and a half times as wide, and no other."""
    pair = model(0.8, 0.8), model(0.85, 0.9)
    plain = compare(*pair, replace_evidence("test"), 0.95)
    found = compare(*pair, RULE, 0.95)
    assert pytest.approx(1.5) == OVERLAP
    for one, other in [(plain.difference, found.difference), (plain.gain, found.gain)]:
        assert other.value == one.value
        assert other.high - other.low == pytest.approx(OVERLAP * (one.high - one.low))


def replace_evidence(evidence: str) -> GateConfig:
    """The rule with other evidence."""
    return RULE.model_copy(update={"evidence": evidence})


def test_decide__all_samples_are_evidence():
    """What sixty samples cannot show three hundred can; the floors stay those of the test set."""
    champion, challenger = model(0.75, 0.75), model(0.78, 0.88)
    pair = on_test(challenger), on_test(champion)
    alone = decide(*pair, config=replace_evidence("test"), measured=GOOD)
    found = decide(*pair, config=RULE, measured=GOOD, evidence=OutOfFold(challenger, champion))
    assert (alone.outcome, found.outcome, found.better) == ("PROVISIONAL", "PROMOTE", True)
    assert (found.samples, found.notes[0]) == (300, NOTE)
    assert found.floors[0] == alone.floors[0]
    assert found.test_set == alone.test_set


def test_decide__slices_are_those_of_the_test_set():
    """A slice that the test set alone shows ruined is a failed floor, however good it is among all samples."""
    champion, challenger = model(1.0, 0.6), model(0.3, 1.0)
    evidence = OutOfFold(*(replace(one, slices=pd.DataFrame({"line": ["x"] * 300})) for one in (challenger, champion)))
    found = decide(*(on_test(one) for one in evidence), config=RULE, measured=GOOD, evidence=evidence)
    assert found.outcome == "REJECT"
    assert [floor.name.split(",")[0] for floor in found.floors if not floor.passed] == ["slice line=x"]


def test_broken_promise__by_the_usual_intervals():
    """The correction for overlap is about two models; how sure each part is of one is what the bootstrap says."""
    whole = model(0.75, 0.92)
    shown, promised = (bootstrap_interval("accuracy", part, RULE.resampling) for part in parted(whole))
    wide = [one.stretched(OVERLAP) for one in (shown, promised)]
    assert shown.high < promised.low < wide[1].value
    assert wide[0].high > wide[1].low, "stretched intervals would meet"
    assert broken_promise(on_test(whole), whole, RULE)


def parted(whole: Predictions) -> tuple[Predictions, Predictions]:
    """Test set and all other samples."""
    return on_test(whole), whole.take(np.arange(len(whole)) >= TEST)


def test_decide__package_below_its_folds():
    """A package that answers the test set worse than its folds promise, beyond chance, is held back."""
    champion, challenger = model(0.55, 0.7), model(0.6, 0.95)
    evidence = OutOfFold(challenger, champion)
    found = decide(on_test(challenger), on_test(champion), config=RULE, measured=GOOD, evidence=evidence)
    assert found.outcome == "HOLD"
    assert found.reasons[0].startswith("the package is worse than its folds promise: accuracy is 0.6000")
    assert found.samples_needed is None


def test_broken_promise__losses_and_chance():
    """Of a loss more is worse; where the intervals meet, or there is nothing but the test set, nothing is said."""
    worse, even = model(0.5, 0.95), model(0.9, 0.92)
    by_loss = RULE.model_copy(update={"metric": "brier"})
    assert broken_promise(on_test(worse), worse, by_loss)
    assert broken_promise(on_test(model(0.95, 0.5)), model(0.95, 0.5), RULE) is None
    assert broken_promise(on_test(even), even, RULE) is None
    below = model(0.85, 0.92)  # its estimate lies outside of the others' interval, its own interval reaches into it
    assert [broken_promise(on_test(below), below, rule) for rule in (RULE, by_loss)] == [None, None]
    assert broken_promise(on_test(worse), on_test(worse), RULE) is None


def test_question__other_evidence_is_another_look():
    """The same comparison on other evidence asks anew."""
    assert RULE.question != replace_evidence("test").question


def test_decide__spent_evidence():
    """A fresh test set does not renew evidence that is all samples; the remedy says so."""
    evidence = OutOfFold(model(0.8, 0.8), model(0.8, 0.7))
    pair = [on_test(one) for one in evidence]
    found = decide(*pair, config=RULE, measured=GOOD, turn=Turn(use=11, look=11), evidence=evidence)
    assert found.outcome == "HOLD"
    assert "set gate.evidence to test and draw a fresh one" in found.reasons[0]

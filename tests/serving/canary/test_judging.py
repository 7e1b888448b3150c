"""What the requests show of a canary."""

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluation.inference.interval import Interval
from registry.gate.config import CanaryConfig, GateConfig
from registry.gate.decision import Decision
from registry.gate.spending import Turn
from serving.canary.judging import Speeds, figures_of, judge
from serving.canary.pairs import Pairs

PLAN = CanaryConfig()


@pytest.fixture
def decision() -> Decision:
    """A PROVISIONAL one that bears a loss of 5 points."""
    found = Interval(0.9, 0.8, 0.95)
    return Decision(
        outcome="PROVISIONAL", reasons=("neither",), metric="accuracy", challenger=found, margin=0.05, samples=60,
        groups=60, floors=(), test_set="t", turn=Turn(), config=GateConfig(metric="accuracy", floor=0.5),
    )  # fmt: skip


def pairs(gains=(), disagrees=(), asked=0, failed=0, abstains=()) -> Pairs:
    """Pairs of these figures."""
    return Pairs(np.array(disagrees, float), np.array(gains, float), np.array(abstains, float), asked, failed)


def shares(better: float, worse: float, count: int = 3000, seed: int = 1) -> np.ndarray:
    """Gains of so many groups."""
    return np.random.default_rng(seed).choice([1.0, -1.0, 0.0], count, p=[better, worse, 1 - better - worse])


@pytest.mark.parametrize(
    ("gains", "end", "told"),
    [
        (shares(0.06, 0.03), "PROMOTE", "surely at most 0.05 worse: right +"),
        (shares(0.02, 0.14), "WITHDRAW", "surely worse: right -"),
        (shares(0.02, 0.04, 500, seed=3), None, "is shown yet"),  # at most 5 points worse, but over gate.total_margin
        (shares(0.06, 0.03, 20), None, "is shown yet"),
    ],
)
def test_judge__labels(decision, gains, end, told):
    """Proof of no harm promotes, proof of harm withdraws, small losses that would add up do neither."""
    found = judge(pairs(gains), decision, PLAN, 1.0)
    assert (found.end, told in found.reason) == (end, True)


def test_judge__agreement_without_labels(decision):
    """Who agrees on nearly all cannot be much worse; a label that says otherwise is heard."""
    agreeing = np.zeros(1000)
    agreeing[::100] = 1
    found = judge(pairs(disagrees=agreeing), decision, PLAN, 1.0)
    assert (found.end, "agrees on 99.0 % of 1000 groups" in found.reason) == ("PROMOTE", True)
    assert judge(pairs(disagrees=agreeing, gains=[-1.0] * 3), decision, PLAN, 1.0).end is None
    agreeing[::15] = 1
    assert judge(pairs(disagrees=agreeing), decision, PLAN, 1.0).end is None


@pytest.mark.parametrize(("asked", "failed", "end"), [(400, 5, "WITHDRAW"), (400, 4, None), (500, 5, None)])
def test_judge__faults(decision, asked, failed, end):
    """What fails where the champion does not is withdrawn at once, from five samples and one in a hundred."""
    assert judge(pairs(asked=asked, failed=failed), decision, PLAN, 1.0).end == end


@pytest.mark.parametrize(
    ("speeds", "end"),
    [(Speeds(0.01, 0.031, 20), "WITHDRAW"), (Speeds(0.01, 0.029, 20), None), (Speeds(0.01, 0.1, 19), None)],
)
def test_judge__slow(decision, speeds, end):
    """So is what takes over three times as long."""
    found = judge(pairs(), decision, PLAN, 1.0, speeds)
    assert (found.end, "10 the champion" in found.reason) == (end, end is not None)


@pytest.mark.parametrize(
    ("every", "count", "end"), [(4, 400, "WITHDRAW"), (4, 20, None), (20, 2000, None), (16, 400, None)]
)
def test_judge__abstains(decision, every, count, end):
    """So is what surely names no class on over 5 points more groups than the champion, though it be right else."""
    silent = np.zeros(count)
    silent[::every] = 1
    found = judge(pairs(disagrees=np.zeros(count) + 0.5, abstains=silent), decision, PLAN, 1.0)
    assert (found.end, "abstains 25.0 points oftener on 400 groups" in found.reason) == (end, end is not None)
    assert found.figures.abstains == pytest.approx(1 / every)
    assert judge(pairs(abstains=-silent), decision, PLAN, 1.0).end is None, "the champion does"


@pytest.mark.parametrize(("hours", "end"), [(167.9, None), (168.0, "HOLD")])
def test_judge__time_is_over(decision, hours, end):
    """What is open after the time limit is HOLD."""
    assert judge(pairs(), decision, PLAN, hours).end == end


def test_figures_of__what_is_proof(decision):
    """At 95 %: 2.5 % one-sided, half of it for each of two ways to be good, all of it for harm."""
    found = figures_of(pairs(), decision)
    assert np.isclose(found.needed, 80)
    assert (found.margin, found.gain, found.agreement, found.abstains) == (0.05, None, None, None)
    assert figures_of(pairs(), decision.model_copy(update={"margin": None})).margin == 0.02


def test_finding__evidence(decision):
    """All figures, as JSON that is the same for the same finding."""
    found = judge(pairs([1.0, 0.0], [0.0], 2), decision, PLAN, 1.0)
    assert json.loads(found.evidence())["figures"]["labelled"] == 2
    assert found.evidence() == judge(pairs([1.0, 0.0], [0.0], 2), decision, PLAN, 1.0).evidence()


@pytest.mark.parametrize(
    ("evidence", "share"), [(1.0, 0.05), (4.3, 0.05), (4.4, 0.2), (18.5, 0.2), (18.7, 0.5), (80.0, 0.5), (900.0, 0.5)]
)
def test_progress__share_grows_with_evidence(decision, evidence, share):
    """In steps of equal length on the way to proof: without evidence it stays at the first."""
    for known in ("as_good", "as_good_unlabelled"):
        figures = replace(figures_of(pairs(), decision), **{known: evidence})
        assert PLAN.share(figures.progress) == share

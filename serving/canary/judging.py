"""What the requests show of a canary: whether it takes the champion's place, is withdrawn, or goes on. Pure.

A challenger that answers as the champion does on all but a share of samples is wrong at most that share oftener. So
where labels are missing, agreement alone can show that no more than the margin is lost; it never shows a gain.
"""

import json
import math
from dataclasses import asdict, dataclass

from evaluation.inference.sequential import evidence_above, evidence_below
from registry.gate.config import USUAL_MARGIN, CanaryConfig
from registry.gate.decision import Decision
from registry.ledger.canaries import End
from serving.canary.pairs import Pairs

FAULTS = 5  # fewer say nothing
BATCHES = 20  # fewer say nothing about the time that a model takes


@dataclass(frozen=True)
class Speeds:
    """Seconds that a sample takes in the model of each, and the batches that they were measured on."""

    champion: float
    canary: float
    batches: int


@dataclass(frozen=True)
class Figures:
    """What the requests show so far.

    Attributes:
        margin: the loss of the share of right answers that is borne.
        labelled: groups whose label came back.
        compared: groups that both answered.
        failed: samples on which the canary alone failed.
        gain: share of right answers of the canary over the champion's; None without labels.
        agreement: share of groups in which the two agree; None without any.
        abstains: share of groups of which the canary says nothing, over the champion's; None without any.
        as_good: evidence that no more than the margin is lost; `needed` or more is proof.
        as_good_unlabelled: the same without labels.
        worse: evidence that anything is lost; half of `needed` or more is proof.
        needed: what is proof of one of two ways to be good, 2 / alpha, for alpha = (1 - `gate.level`) / 2 on each side.
    """

    margin: float
    labelled: int
    compared: int
    failed: int
    gain: float | None
    agreement: float | None
    abstains: float | None
    as_good: float
    as_good_unlabelled: float
    worse: float
    needed: float

    @property
    def progress(self) -> float:
        """How much of the way to proof is gone, on the scale on which evidence adds up, from 0 to 1."""
        return min(math.log(max(self.as_good, self.as_good_unlabelled)) / math.log(self.needed), 1.0)


@dataclass(frozen=True)
class Finding:
    """The end that a canary has come to (None: it goes on), why, and on which figures."""

    end: End | None
    reason: str
    figures: Figures

    def evidence(self) -> str:
        """All of it as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def judge(pairs: Pairs, decision: Decision, plan: CanaryConfig, hours: float, speeds: Speeds | None = None) -> Finding:
    """What to do with a canary by now; it may be asked after every request.

    Args:
        pairs: what both said of the same samples.
        decision: the gate's, with its rule and margin; the loss is one of the share of right answers here.
        plan: the rule of the canary.
        hours: how long it has run.
        speeds: what was measured of the models, where they run in this process.
    """
    figures = figures_of(pairs, decision)
    ended = (
        _at_once(pairs, plan, speeds) or _silent(pairs, plan, figures) or _shown(figures, decision.config.total_margin)
    )
    end, reason = ended or _over(plan, hours, figures.margin)
    return Finding(end, reason, figures)


def figures_of(pairs: Pairs, decision: Decision) -> Figures:
    """What the pairs show of the decision's margin."""
    margin = decision.margin if decision.margin is not None else USUAL_MARGIN
    return Figures(
        margin=margin,
        labelled=len(pairs.gains),
        compared=len(pairs.disagrees),
        failed=pairs.failed,
        gain=float(pairs.gains.mean()) if len(pairs.gains) else None,
        agreement=1 - float(pairs.disagrees.mean()) if len(pairs.disagrees) else None,
        abstains=float(pairs.abstains.mean()) if len(pairs.abstains) else None,
        as_good=evidence_above(pairs.gains, -margin, -1.0, 1.0),
        as_good_unlabelled=evidence_below(pairs.disagrees, margin, 0.0, 1.0),
        worse=evidence_below(pairs.gains, 0.0, -1.0, 1.0),
        needed=4 / (1 - decision.config.level),
    )


def _at_once(pairs: Pairs, plan: CanaryConfig, speeds: Speeds | None) -> tuple[End, str] | None:
    """What needs no statistics."""
    if pairs.failed >= FAULTS and pairs.failed > plan.max_faults * pairs.asked:
        return "WITHDRAW", f"it failed on {pairs.failed} of {pairs.asked} samples that the champion answered"
    if speeds and speeds.batches >= BATCHES and speeds.canary > plan.slowdown * speeds.champion:
        took = f"{1000 * speeds.canary:.3g} ms a sample, {1000 * speeds.champion:.3g} the champion"
        return "WITHDRAW", f"it takes {took}; gate.canary.slowdown allows {plan.slowdown:g} times"
    return None


def _silent(pairs: Pairs, plan: CanaryConfig, found: Figures) -> tuple[End, str] | None:
    """What names no class much oftener than the champion is of no use, however right the rest is."""
    if evidence_above(pairs.abstains, plan.max_abstentions, -1.0, 1.0) < found.needed / 2 or found.abstains is None:
        return None
    told = f"it abstains {100 * found.abstains:.1f} points oftener on {found.compared} groups"
    return "WITHDRAW", f"{told}; gate.canary.max_abstentions allows {100 * plan.max_abstentions:g}"


def _shown(found: Figures, total_margin: float) -> tuple[End, str] | None:
    """What the evidence proves, harm first."""
    gained = "" if found.gain is None else f"right {100 * found.gain:+.1f} points oftener"
    if found.worse >= found.needed / 2:
        return "WITHDRAW", f"surely worse: {gained} on {found.labelled} labelled groups"
    if found.gain is not None and found.gain < -total_margin:
        return None
    if found.as_good >= found.needed:
        return "PROMOTE", f"surely at most {found.margin:.3g} worse: {gained} on {found.labelled} labelled groups"
    if found.as_good_unlabelled >= found.needed and found.agreement is not None:
        agreed = f"it agrees on {100 * found.agreement:.1f} % of {found.compared} groups"
        return "PROMOTE", f"surely at most {found.margin:.3g} worse: {agreed}"
    return None


def _over(plan: CanaryConfig, hours: float, margin: float) -> tuple[End | None, str]:
    if hours >= plan.hours:
        return "HOLD", f"after {plan.hours:g} hours neither harm nor a loss of at most {margin:.3g} is shown"
    return None, f"neither harm nor a loss of at most {margin:.3g} is shown yet"

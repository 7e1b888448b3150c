"""Series for the simulation of the gate: many challengers on one test set, and successors of successors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.gate.pool import Garments
from evaluation.predictions.predictions import Predictions
from registry.gate.comparison import Finding, compare
from registry.gate.config import GateConfig
from registry.gate.spending import Turn, effective_looks

LOOKS, STEP = 10, -0.005
RULE = {"metric": "accuracy", "floor": 0.0, "resamples": 400}


def finding(champion: Predictions, challenger: Predictions, rule: dict[str, Any], told: float = 1.0) -> Finding:
    """What the rule says of two models, where the looks until here tell as much as so many unrelated ones."""
    config = GateConfig(**rule)
    level = Turn(look=1, effective=told).level(config.level)
    return compare(champion, challenger, config, level).finding


def ten_looks(
    pool: Garments, generator: np.random.Generator, pairs: Sequence[tuple[int, int]], evidence: int
) -> tuple[bool, bool, float]:
    """Whether any of ten challengers was promoted, whether any was provisional, and what the looks told in all."""
    champion = pairs[int(generator.integers(len(pairs)))][0]
    rivals = [other for one, other in pairs if one == champion]
    rows = generator.integers(len(pool.truth), size=evidence)
    before, outcomes, gains, told = pool.said(champion, rows), [], [], 1.0
    for challenger in generator.choice(rivals, LOOKS, replace=len(rivals) < LOOKS):
        after = pool.said(int(challenger), rows)
        gains.append(_gains(before, after))
        told = effective_looks(np.stack(gains))
        outcomes.append(finding(before, after, RULE, told).outcome)
    return "PROMOTE" in outcomes, "PROVISIONAL" in outcomes, told


def ten_successors(pool: Garments, generator: np.random.Generator, evidence: int, *, held: bool) -> tuple[float, int]:
    """True accuracy lost after ten successors, and how many of them were promoted."""
    first = champion = best = int(generator.choice(np.flatnonzero(pool.accuracy > 0.78)))
    rows = generator.integers(len(pool.truth), size=evidence)
    margin, gains, promoted = GateConfig(floor=0).total_margin, [], 0
    for _ in range(LOOKS):
        after = pool.nearest(pool.accuracy[champion] + STEP, generator, champion)
        pair = pool.said(champion, rows), pool.said(after, rows)
        gains.append(_gains(*pair))
        found = finding(*pair, rule=RULE, told=effective_looks(np.stack(gains)))
        fallen = (pair[1].probabilities.argmax(1) == pair[1].truth).mean() - _right(pool, best, rows)
        if found.outcome == "PROMOTE" and (not held or fallen >= -margin):
            champion, best, promoted = after, after if found.better else best, promoted + 1
    return float(pool.accuracy[first] - pool.accuracy[champion]), promoted


def _right(pool: Garments, probe: int, rows: Any) -> float:
    return float((pool.probabilities[probe, rows].argmax(axis=1) == pool.truth[rows]).mean())


def _gains(before: Predictions, after: Predictions) -> Any:
    unit = np.eye(len(before.classes))[before.truth]
    return ((before.probabilities - unit) ** 2 - (after.probabilities - unit) ** 2).sum(axis=1)

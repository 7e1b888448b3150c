"""Small losses must not add up: a challenger is held to the best version so far as well as to the champion."""

from evaluation.inference.paired import improvement
from evaluation.predictions.predictions import Predictions
from registry.gate.decision import Decision


def held_to(decision: Decision, challenger: Predictions, best: Predictions, version: int) -> Decision:
    """The decision, or HOLD where the challenger lies below the `best` version so far by more than the total margin.

    Ten successors that are each a little worse, and each surely not worse than is borne, would lose ten times as much.
    It is the estimate that counts: an interval would bear the margin anew.

    Raises:
        EvaluationError: the two are not about the same samples.
    """
    config = decision.config
    if decision.outcome not in ("PROMOTE", "PROVISIONAL"):
        return decision
    found = improvement(config.metric, best, challenger, config.paired(config.level))
    shown = f"{config.metric} improves on it by {found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"
    if found.value >= -config.total_margin:
        return decision.model_copy(update={"notes": (*decision.notes, f"best version so far: v{version}; {shown}")})
    reason = (
        f"below v{version}, the best version so far, by more than gate.total_margin {config.total_margin:g}: {shown}"
    )
    changed = {"outcome": "HOLD", "reasons": (reason, *decision.reasons), "better": False}
    return decision.model_copy(update=changed)

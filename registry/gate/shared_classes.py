"""Where a model has never heard of a class: harm is judged on the classes that both know."""

from collections.abc import Collection
from typing import NamedTuple

from evaluation.errors import EvaluationError
from evaluation.inference.paired import improvement, samples_needed
from evaluation.predictions.metrics import METRICS
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decision import Floor
from registry.gate.slice_floors import slice_floors

Pair = tuple[Predictions, Predictions]


def fair_pair(champion: Predictions, challenger: Predictions, config: GateConfig) -> Pair:
    """Champion and challenger on the samples that the metric can compare them on.

    A class that a model has never heard of counts as wrong for it, except a champion's where the metric would then see
    nothing else (log_loss): there both are asked for the classes that the champion knows.
    """
    if not champion.unknown or METRICS[config.metric].takes_unknown:
        return champion, challenger
    return _among(champion, challenger, champion.unknown)


def harm_floors(champion: Predictions, challenger: Predictions, config: GateConfig) -> tuple[list[Floor], list[str]]:
    """The floors of the slices; where a model has never heard of a class, on the shared ones, with one for all of them.

    A new class is an easy gain over a champion that cannot know it, and would hide what was lost on the others. Both
    models are asked for the shared classes alone: else a new class that resembles an old one would count as harm.
    """
    strange = _strange(champion, challenger)
    if not strange:
        return slice_floors(champion, challenger, config)
    try:
        pair = _among(champion, challenger, strange)
        floors, notes = _shared_floor(*pair, config)
    except EvaluationError as error:
        return [], [f"harm on the classes that both know was not judged: {error}"]
    slices, more = slice_floors(*pair, config)
    return [*floors, *slices], [*notes, *more]


class Doubt(NamedTuple):
    """Why harm is not ruled out, and how many samples of the shared classes would settle it, if any number would."""

    reason: str
    needed: int | None


def doubt(champion: Predictions, challenger: Predictions, config: GateConfig, level: float) -> Doubt | None:
    """Why it is not shown that the shared classes were spared; none where it is shown.

    It is shown where the improvement's whole interval at `level` lies above minus the margin of a slice. Nothing is
    asked where both know every class, or where the metric says nothing of the shared ones, which the page notes.
    """
    strange, margin = _strange(champion, challenger), config.slice_margin
    if not strange:
        return None
    try:
        before, after = _among(champion, challenger, strange)
        found = improvement(config.metric, before, after, config.paired(level))
    except EvaluationError:
        return None
    if not found.is_finite or found.low > -margin:
        return None
    shown = f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f}) on {len(after)} samples"
    told = f"harm on the classes that both know is not ruled out: {config.metric} improves there by {shown}"
    rule = f"all of it must lie above {-margin:g} (gate.slice_margin)"
    groups = after.group_count
    needed = samples_needed(found, samples=len(after), groups=groups, effect=margin, level=level) if margin else None
    return Doubt(f"{told}; {rule}", needed)


def _strange(champion: Predictions, challenger: Predictions) -> set[str]:
    """Classes that one of the two has never heard of."""
    return {*champion.unknown, *challenger.unknown}


def _shared_floor(champion: Predictions, challenger: Predictions, config: GateConfig) -> tuple[list[Floor], list[str]]:
    """As tolerant as that of a slice, and no laxer after many comparisons."""
    name = f"{config.metric} improvement on the classes that both know"
    found = improvement(config.metric, champion, challenger, config.resampling)
    if not found.is_finite:
        return [], [f"{name} was not judged: it is undefined on these {len(champion)} samples"]
    note = f"estimate {found.value:+.4f} on {len(champion)} samples"
    return [Floor.at_least(f"{name}, upper bound", found.high, -config.slice_margin, note)], []


def _among(champion: Predictions, challenger: Predictions, strange: Collection[str]) -> Pair:
    known = [name for name in champion.classes if name not in strange]
    return champion.among(known), challenger.among(known)

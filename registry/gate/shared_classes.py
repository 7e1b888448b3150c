"""Where a model has never heard of a class: harm is judged on the classes that both know."""

from collections.abc import Collection

from evaluation.errors import EvaluationError
from evaluation.inference.paired import improvement
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
    strange = {*champion.unknown, *challenger.unknown}
    if not strange:
        return slice_floors(champion, challenger, config)
    try:
        pair = _among(champion, challenger, strange)
        floors, notes = _shared_floor(*pair, config)
    except EvaluationError as error:
        return [], [f"harm on the classes that both know was not judged: {error}"]
    slices, more = slice_floors(*pair, config)
    return [*floors, *slices], [*notes, *more]


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

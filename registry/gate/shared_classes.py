"""Where a champion has never heard of a class: harm is judged on the classes that both know."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from evaluation.errors import EvaluationError
from evaluation.inference.paired import improvement
from evaluation.predictions.metrics import METRICS
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decision import Floor

Pair = tuple[Predictions, Predictions]


def fair_pair(champion: Predictions, challenger: Predictions, config: GateConfig) -> Pair:
    """Champion and challenger on the samples that the metric can compare them on.

    A class that one has never heard of counts as wrong for it, except where the metric would then see nothing else
    (log_loss): there only the classes that both know are compared.
    """
    mask = _shared(champion, challenger)
    if mask.all() or METRICS[config.metric].takes_unknown:
        return champion, challenger
    return champion.take(mask), challenger.take(mask)


def shared_floor(
    champion: Predictions, challenger: Predictions, config: GateConfig, level: float
) -> tuple[list[Floor], list[str]]:
    """The floor of the shared classes, as tolerant as that of a slice; without a strange class there is none.

    A new class is an easy gain over a champion that cannot know it, and would hide what was lost on the others.
    """
    mask = _shared(champion, challenger)
    if mask.all():
        return [], []
    name = f"{config.metric} improvement on the classes that both know"
    try:
        found = improvement(
            config.metric, champion.take(mask), challenger.take(mask), replace(config.resampling, level=level)
        )
    except EvaluationError as error:
        return [], [f"{name} was not judged: {error}"]
    if not found.is_finite:
        return [], [f"{name} was not judged: it is undefined on these {mask.sum()} samples"]
    note = f"estimate {found.value:+.4f} on {mask.sum()} samples"
    return [Floor.at_least(f"{name}, upper bound", found.high, -config.slice_margin, note)], []


def _shared(champion: Predictions, challenger: Predictions) -> npt.NDArray[np.bool_]:
    return champion.familiar & challenger.familiar

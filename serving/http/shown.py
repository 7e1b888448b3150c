"""What a caller sees of an answer: all probabilities, or fewer and rounder where the settings say so.

A caller who sees less of each answer needs more of them to copy the model (Tramèr et al. 2016, Stealing machine
learning models via prediction APIs) or to learn of its training samples (Fredrikson et al. 2015, Model inversion
attacks that exploit confidence information).
"""

from collections.abc import Sequence

from serving.engine.answers import Answer
from settings.machine import ServingSettings


def shown(classes: Sequence[str], answer: Answer, settings: ServingSettings) -> dict[str, float]:
    """The probabilities of an answer by class."""
    values = answer.probabilities.tolist()
    if settings.round is not None:
        values = [round(value, settings.round) for value in values]
    found = dict(zip(classes, values, strict=True))
    return {answer.predicted: found[answer.predicted]} if settings.top else found

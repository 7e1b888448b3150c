"""Answers of an earlier version in the classes that there are today, matched by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.naming import few
from evaluation.errors import EvaluationError
from evaluation.predictions.grouped import Floats


@dataclass(frozen=True, eq=False)
class Aligned:
    """Probabilities of today's K classes.

    Attributes:
        probabilities: float64 [N, K], rows summing to 1.
        unknown: today's classes that the model has never heard of; it gives them 0.
    """

    probabilities: Floats
    unknown: tuple[str, ...]


def aligned(said: Floats, names: Sequence[str], classes: Sequence[str]) -> Aligned:
    """Turns probabilities [N, J] of classes `names` (as they are called today) into those of `classes`.

    Two names that are one class today are added up. What was given to a class that is gone is shared out among the
    others as the model weighs them, as if it had been asked today's question; equally where it gave them nothing.

    Raises:
        EvaluationError: no class is in both.
    """
    places = np.array([[name == now for now in classes] for name in names], dtype=np.float64)
    known = np.asarray(places.any(axis=0))
    if not known.any():
        raise EvaluationError(
            f"the model knows {few(names)}, the domain {few(classes)}; nothing is in both: say in "
            "`renamed` which class is which, or start a new domain"
        )
    kept = said @ places
    total = kept.sum(axis=1, keepdims=True)
    shared = np.divide(kept, total, out=np.tile(known / known.sum(), (len(kept), 1)), where=total > 0)
    return Aligned(shared, tuple(now for now, there in zip(classes, known, strict=True) if not there))

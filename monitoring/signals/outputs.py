"""Drift of what the model says: its predicted probabilities."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Array, pair
from monitoring.nulls import NullWindows
from monitoring.signals.signal import Measurement
from monitoring.signals.two_sample import kolmogorov_smirnov, tail

if TYPE_CHECKING:
    import pandas as pd

BINARY = 2


@dataclass(frozen=True)
class Outputs:
    """Largest Kolmogorov-Smirnov distance of the predicted probabilities over the classes.

    Rabanser et al., "Failing Loudly", NeurIPS 2019, compares such choices.
    """

    name: str = "probability_ks"

    def comparable(self, reference: "pd.DataFrame") -> "pd.DataFrame":
        """Rows of split "val" only: a model is too sure of rows that it was trained on."""
        return reference[reference["split"] == "val"]

    def measure(
        self, reference: "pd.DataFrame", window: "pd.DataFrame", null: NullWindows, *, seed: int
    ) -> Measurement:
        """Measures class by class; null windows, too, take the class that shows most."""
        known, seen = pair(reference, window, "probabilities")
        both, members = np.concatenate([known, seen]), tail(len(known), len(seen))
        columns = _telling(known)
        observed = max(float(kolmogorov_smirnov(both[:, k], members)[0]) for k in columns)
        resampled = np.max([kolmogorov_smirnov(known[:, k], null.members) for k in columns], axis=0)
        return Measurement(observed, resampled * null.scale**0.5)


def _telling(probabilities: Array) -> list[int]:
    """The columns to look at: two that always add up to one say the same, so that the last is enough."""
    complementary = probabilities.shape[1] == BINARY and np.allclose(probabilities.sum(axis=1), 1, atol=0.01)
    return [1] if complementary else list(range(probabilities.shape[1]))

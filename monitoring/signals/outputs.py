"""Drift of what the model says: its predicted probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Array, joined
from monitoring.nulls.blocks import Places
from monitoring.nulls.spread import relative_spread
from monitoring.nulls.windows import NullWindows
from monitoring.reference import Reference
from monitoring.signals.signal import Measurement
from monitoring.signals.two_sample import feature_sums, kolmogorov_smirnov, tail

if TYPE_CHECKING:
    import pandas as pd

BINARY = 2
NEVER = 1e-6  # what is less likely is all rounding: one runtime says 0, another 1e-38
LEVELS = np.array([*np.arange(1, 16) / 16, 0.99, 1])  # shares of the reference: where its distribution is looked at


@dataclass(frozen=True)
class Outputs:
    """Largest Kolmogorov-Smirnov distance of the predicted probabilities over the classes.

    Rabanser et al., "Failing Loudly", NeurIPS 2019, compares such choices.
    """

    name: str = "probability_ks"
    ceiling: float = 1.0

    def comparable(self, reference: Reference) -> "pd.DataFrame":
        """Rows whose answers were not learned from them: a model is too sure of rows that it was trained on."""
        return reference.rows if reference.held_out else reference.rows[reference.rows["split"] == "val"]

    def prepared(self, parts: "Sequence[pd.DataFrame]", *, seed: int) -> "Columns":
        """One column a class."""
        said = np.clip(joined(parts, "probabilities"), NEVER, 1 - NEVER)
        return Columns(said[:, _telling(said)])


@dataclass(frozen=True, eq=False)
class Columns:
    """Numbers [N, K] of rows, each column of which may drift by itself."""

    values: Array

    def measure(self, known: Places, seen: Places, null: NullWindows) -> Measurement:
        """Measures column by column; null windows, too, take the column that shows most."""
        columns = [distance(one[known], one[seen], null) for one in self.values.T]
        return Measurement(max(one.observed for one in columns), np.max([one.null for one in columns], axis=0))


def distance(known: Array, seen: Array, null: NullWindows) -> Measurement:
    """Kolmogorov-Smirnov distance of one column of window and reference, and of each null window from the rest."""
    observed = float(kolmogorov_smirnov(np.concatenate([known, seen]), *tail(len(known), len(seen)))[0])
    parts = [
        kolmogorov_smirnov(known, part.members, part.rest) * np.sqrt(part.scale * _spreads(known, seen, part))
        for part in null.parts
    ]
    return Measurement(observed, np.concatenate(parts))


def _spreads(known: Array, seen: Array, null: NullWindows) -> Array:
    """The sampling spread of the window's distribution function, divided by that of each null window's."""
    if null.window.single:
        return np.full(len(null.rows), len(null.blocks) / len(seen))
    levels = np.unique(np.quantile(known, LEVELS))
    below, ours = (np.asarray(side[:, None] <= levels, dtype=np.float64) for side in (known, seen))
    share = below.mean(axis=0)
    alone = max(float((share * (1 - share)).sum()), 1 / len(known))
    sums = feature_sums(ours, np.arange(len(seen))[None], null.window)
    return relative_spread(null, sums, feature_sums(below, null.rows, null.blocks), alone)


def _telling(probabilities: Array) -> list[int]:
    """The columns to look at: two that always add up to one say the same, so that the last is enough."""
    complementary = probabilities.shape[1] == BINARY and np.allclose(probabilities.sum(axis=1), 1, atol=0.01)
    return [1] if complementary else list(range(probabilities.shape[1]))

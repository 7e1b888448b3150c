"""What every signal of drift has in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from monitoring.arrays import Array
from monitoring.nulls.blocks import Places
from monitoring.nulls.windows import NullWindows
from monitoring.reference import Reference

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measurement:
    """A signal's statistic: `observed` of the window, and `null` [resamples] of the null windows on the same scale."""

    observed: float
    null: Array


class Prepared(Protocol):
    """Rows that were prepared once, so that any of them can be held against any others."""

    def measure(self, known: Places, seen: Places, null: NullWindows) -> Measurement:
        """Measures a window against a reference, and each null window against the rest of the reference.

        Args:
            known: places of the reference's rows, those that `null` was drawn from.
            seen: places of the window's rows, block by block.
            null: null windows; what they measure is brought to the scale of the window by `null.scale` and by how much
                more the mean of blocks like the window's varies than that of blocks like theirs (`mean_spread`).
        """


class Signal(Protocol):
    """One way to see drift: the larger its statistic, the less a window is like the reference."""

    @property
    def name(self) -> str:
        """Names the statistic to people and in MLflow: letters, digits and underscores."""

    @property
    def ceiling(self) -> float:
        """The largest value that the statistic can have: a threshold that is no smaller is never reached."""

    def comparable(self, reference: Reference) -> "pd.DataFrame":
        """The rows of a drift reference that a window may be held against."""

    def prepared(self, parts: "Sequence[pd.DataFrame]", *, seed: int) -> Prepared:
        """Prepares the rows of tables, one below the other: comparable ones of a reference, usable ones of the log.

        Args:
            parts: the tables.
            seed: of whatever is drawn at random.

        Raises:
            MonitoringError: the rows are not of one model.
        """


def measured(
    signal: Signal, reference: "pd.DataFrame", window: "pd.DataFrame", null: NullWindows, *, seed: int
) -> Measurement:
    """What a signal measures of one window, whose rows are block by block, against comparable rows of a reference."""
    places = np.arange(len(reference) + len(window))
    known, seen = places[: len(reference)], places[len(reference) :]
    return signal.prepared([reference, window], seed=seed).measure(known, seen, null)

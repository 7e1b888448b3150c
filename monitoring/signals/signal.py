"""What every signal of drift has in common."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from monitoring.arrays import Array
from monitoring.nulls.windows import NullWindows
from monitoring.reference import Reference

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measurement:
    """A signal's statistic: `observed` of the window, and `null` [resamples] of the null windows on the same scale."""

    observed: float
    null: Array


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

    def measure(
        self, reference: "pd.DataFrame", window: "pd.DataFrame", null: NullWindows, *, seed: int
    ) -> Measurement:
        """Measures a window against the reference, and each null window against the rest of the reference.

        Args:
            reference: comparable rows of the reference, those that `null` was drawn from.
            window: usable rows of the prediction log, of the version that the reference belongs to, block by block.
            null: null windows; what they measure is brought to the scale of the window by `null.scale` and by how much
                more the mean of blocks like the window's varies than that of blocks like theirs (`mean_spread`).
            seed: of whatever is drawn at random.

        Raises:
            MonitoringError: the rows are not of one model.
        """

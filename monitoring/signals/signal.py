"""What every signal of drift has in common."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from monitoring.arrays import Array
from monitoring.nulls import NullWindows

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

    def comparable(self, reference: "pd.DataFrame") -> "pd.DataFrame":
        """The rows of a drift reference that a window may be held against."""

    def measure(
        self, reference: "pd.DataFrame", window: "pd.DataFrame", null: NullWindows, *, seed: int
    ) -> Measurement:
        """Measures a window against the reference, and each null window against the rest of the reference.

        Args:
            reference: comparable rows of the reference, those that `null` was drawn from.
            window: usable rows of the prediction log, of the version that the reference belongs to.
            null: null windows; what they measure is brought to the scale of a real window by `null.scale`.
            seed: of whatever is drawn at random.

        Raises:
            MonitoringError: the rows are not of one model.
        """

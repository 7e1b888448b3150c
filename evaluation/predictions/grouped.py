"""What resampling needs to know of samples: their weights and their groups."""

import numpy as np
import numpy.typing as npt

from evaluation.errors import EvaluationError

Floats = npt.NDArray[np.float64]


class Grouped:
    """Samples with weights that come in groups; the base of every kind of predictions.

    Attributes:
        weights: float64 [N], not negative, not all zero.
        groups: name of the group of every sample; samples of a group are resampled together.
    """

    weights: Floats
    groups: list[str]

    @property
    def group_index(self) -> npt.NDArray[np.int64]:
        """Group number of every sample, int64 [N], from 0 without gaps."""
        return np.unique(np.asarray(self.groups, dtype=str), return_inverse=True)[1].astype(np.int64)

    @property
    def group_count(self) -> int:
        """Number of different groups."""
        return len(set(self.groups))


def check_weights(weights: Floats) -> None:
    """Refuses weights by which nothing can be averaged.

    Raises:
        EvaluationError: they are no vector, not finite, negative, or all zero.
    """
    if weights.ndim != 1 or not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() == 0:
        rule = "they must be finite, not negative and not all zero, one a sample"
        raise EvaluationError(f"weights with sum {weights.sum()}: {rule}; correct the manifest's weight column")

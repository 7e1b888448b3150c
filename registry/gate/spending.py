"""Alpha spending: how sure the k-th comparison on one test set must be, so that looking often promotes no worse model.

Every look at the same samples is another chance to be fooled. The k-th comparison may spend alpha / (k (k + 1)) of the
whole alpha = 1 - level, one-sided; these shares sum to alpha over all k, however many there will be (a harmonic split
of the Bonferroni bound, as Foster and Stine 2008 spend in "Alpha-investing"). The first may spend alpha / 2, which is
the usual two-sided interval at `level`.

What counts is information, not attempts: challengers that answer nearly alike are nearly the same test, so k is the
effective number of tests (Galwey 2009, "A new measure of the effective number of tests").
"""

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import nanmean

WARN_FROM = 0.7  # share of the comparisons from which on the report warns


class Turn(BaseModel):
    """Which use of a test set a decision is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    generation: int = Field(default=0, ge=0, description="how many fresh test sets the domain has drawn")
    use: int = Field(default=1, ge=1, description="number of this use of the generation's test set")
    look: int | None = Field(default=1, ge=1, description="number of this comparison on it; none: nothing is compared")

    effective: float | None = Field(
        default=None, ge=1, description="how many unrelated comparisons have told as much; none: as many as there were"
    )

    @property
    def told(self) -> float:
        """How many unrelated comparisons have told as much as those so far, this one included."""
        return self.effective or float(self.look or 1)

    def level(self, level: float) -> float:
        """Level of the two-sided interval that this comparison is judged by, for a total of 1 - `level` one-sided."""
        return 1 - 2 * (1 - level) / (self.told * (self.told + 1))

    def spent(self, allowed: int) -> bool:
        """Whether the test set has told as much as is allowed."""
        return self.look is not None and self.told > allowed

    def worn(self, allowed: int) -> bool:
        """Whether it is time to think of a fresh test set."""
        return self.look is not None and self.told >= WARN_FROM * allowed


def effective_looks(gains: Floats) -> float:
    """Returns how many unrelated comparisons tell as much as these, from 1 to their number.

    Args:
        gains: what each sample adds to each comparison's improvement, float [K, N]; nan where it was not seen.
    """
    seen = np.isfinite(gains)
    centred = np.where(seen, gains - nanmean(gains)[:, None], 0.0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    told = centred[length[:, 0] > 0] / length[length > 0][:, None]
    mute = len(gains) - len(told)  # what says nothing resembles nothing
    if len(told) == 0:
        return float(max(mute, 1))
    values = np.linalg.eigvalsh(told @ told.T).clip(0)
    return max(1.0, float(np.sqrt(values).sum() ** 2 / values.sum())) + mute

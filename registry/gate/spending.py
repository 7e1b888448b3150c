"""Alpha spending: how sure the k-th comparison on one test set must be, so that looking often promotes no worse model.

Every look at the same samples is another chance to be fooled. The k-th comparison may spend alpha / (k (k + 1)) of the
whole alpha = 1 - level, one-sided; these shares sum to alpha over all k, however many there will be (a harmonic split
of the Bonferroni bound, as Foster and Stine 2008 spend in "Alpha-investing"). The first may spend alpha / 2, which is
the usual two-sided interval at `level`.
"""

from pydantic import BaseModel, ConfigDict, Field

WARN_FROM = 0.7  # share of the comparisons from which on the report warns


class Turn(BaseModel):
    """Which use of a test set a decision is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    generation: int = Field(default=0, ge=0, description="how many fresh test sets the domain has drawn")
    use: int = Field(default=1, ge=1, description="number of this use of the generation's test set")
    look: int | None = Field(default=1, ge=1, description="number of this comparison on it; none: nothing is compared")

    def level(self, level: float) -> float:
        """Level of the two-sided interval that this comparison is judged by, for a total of 1 - `level` one-sided."""
        look = self.look or 1
        return 1 - 2 * (1 - level) / (look * (look + 1))

    def spent(self, allowed: int) -> bool:
        """Whether the test set has been compared on as often as is allowed."""
        return self.look is not None and self.look > allowed

    def worn(self, allowed: int) -> bool:
        """Whether it is time to think of a fresh test set."""
        return self.look is not None and self.look >= WARN_FROM * allowed

"""What a domain decides about telling harm: the `performance:` part of its `monitoring:` section."""

from typing import TYPE_CHECKING

from pydantic import Field

from settings.config import Config

if TYPE_CHECKING:
    from evaluation.inference.bootstrap import Resampling


class PerformanceConfig(Config):
    """How often harm may be claimed where there is none, and on how much of the traffic it is told."""

    false_claims: float = Field(
        default=0.05, gt=0, lt=0.5, description="chance that labels ever show harm where there is none"
    )
    window: int = Field(default=500, ge=30, description="newest labelled samples whose metric is told")
    min_groups: int = Field(
        default=20, ge=5, description="labelled sessions, groups or single samples below which nothing is told"
    )
    resamples: int = Field(default=500, ge=100, le=100_000, description="bootstrap resamples of every interval")
    seed: int = Field(default=0, ge=0, description="seed of the resampling")

    @property
    def resampling(self) -> "Resampling":
        """How intervals are made: at the level whose lower end may err with half of the false claims."""
        from evaluation.inference.bootstrap import Resampling  # and with it pandas, which `status` has no time for

        return Resampling(self.seed, self.resamples, 1 - self.false_claims)

"""What a domain decides about its monitoring."""

from typing import Self

from pydantic import Field, model_validator

from monitoring.controller.policy import PolicyConfig
from monitoring.performance.config import PerformanceConfig
from monitoring.signals import watched
from settings.config import Config


class MonitoringConfig(Config):
    """How much traffic a drift check looks at and how often it may be wrong."""

    window: int = Field(default=200, ge=10, description="newest logged samples that one check looks at")
    min_window: int = Field(default=50, ge=10, description="usable samples below which nothing is concluded")
    false_alarm: float = Field(default=0.01, gt=0, lt=1, description="share of checks that may find drift in none")
    resamples: int = Field(default=500, ge=20, description="null windows drawn from the reference")
    max_undecodable: float = Field(default=0.05, ge=0, le=1, description="share of undecodable files that is tolerated")
    keep_days: int = Field(default=90, ge=1, description="days that the pages of checks are kept")
    seed: int = Field(default=0, ge=0, description="seed of the null windows")
    performance: PerformanceConfig = Field(
        default=PerformanceConfig(), description="how harm is told, by labels and without"
    )
    policy: PolicyConfig = Field(default=PolicyConfig(), description="what the controller may do by itself, and when")

    @property
    def share(self) -> float:
        """The part of the false-alarm budget that each signal has (Bonferroni)."""
        return self.false_alarm / len(watched.SIGNALS)

    @model_validator(mode="after")
    def _can_alarm(self) -> Self:
        """The smallest possible p-value is 1 / (1 + resamples): above its share of the budget nothing ever alarms."""
        needed = int(len(watched.SIGNALS) / self.false_alarm)
        if self.resamples < needed:
            raise ValueError(
                f"resamples {self.resamples} cannot resolve false_alarm {self.false_alarm}: set at least {needed}"
            )
        if self.min_window > self.window:
            raise ValueError(f"min_window {self.min_window} is above window {self.window}: lower it or widen window")
        return self

"""What a domain decides about its monitoring."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from monitoring.budget.level import level_of
from monitoring.budget.rate import checks_per_year, per_year
from monitoring.budget.sense import null_windows, require_sense
from monitoring.controller.policy import PolicyConfig
from monitoring.performance.config import PerformanceConfig
from monitoring.signals import watched
from settings.config import Config


class MonitoringConfig(Config):
    """How much traffic a drift check looks at and how often it may be wrong."""

    window: int = Field(default=200, ge=10, description="newest logged samples that one check looks at")
    min_window: int = Field(default=50, ge=10, description="usable samples below which nothing is concluded")
    false_alarms: str = Field(
        default="", description="false alarms that are borne, such as 1 per year, by the times of schedule.monitor"
    )
    false_alarm: float = Field(
        default=0.01, gt=0, lt=1, description="the same as a share of checks, where no times or no number is given"
    )
    resamples: int = Field(default=500, ge=20, description="null windows of a first look, drawn from the reference")
    max_undecodable: float = Field(default=0.05, ge=0, le=1, description="share of undecodable files that is tolerated")
    keep_days: int = Field(default=90, ge=1, description="days that the pages of checks are kept")
    seed: int = Field(default=0, ge=0, description="seed of the null windows")
    performance: PerformanceConfig = Field(
        default=PerformanceConfig(), description="how harm is told, by labels and without"
    )
    policy: PolicyConfig = Field(default=PolicyConfig(), description="what the controller may do by itself, and when")

    @property
    def asked(self) -> tuple[int, int]:
        """Windows that must alarm before anything follows, and of how many."""
        return self.policy.suspect, self.policy.of

    @property
    def level(self) -> float:
        """How often a check of quiet traffic may alarm, so that `policy.suspect` of `policy.of` keep the budget."""
        return level_of(self.false_alarm, *self.asked)

    @property
    def share(self) -> float:
        """The part of that level that each signal has (Bonferroni)."""
        return self.level / len(watched.SIGNALS)

    @property
    def looks(self) -> tuple[int, ...]:
        """How many null windows are drawn: at a first look, and at a second one where the first leaves an alarm open.

        A window that no more than the budget of so many null windows exceed alarms at the last look alone (Besag and
        Clifford 1991, "Sequential Monte Carlo p-values", Biometrika 78:301-304).
        """
        return (self.resamples,) if self.needed <= self.resamples else (self.resamples, self.needed)

    def scheduled(self, cron: str | None) -> Self:
        """The same with `false_alarm` as `false_alarms` and the times of the checks have it.

        Raises:
            ValueError: by them a check would alarm never, or always.
        """
        if not self.false_alarms or not cron:
            return self
        checks = checks_per_year(cron)
        found = self.model_copy(update={"false_alarm": per_year(self.false_alarms) / max(checks, 1)})
        told = f"monitoring.false_alarms {self.false_alarms} with {checks:.0f} checks a year"
        require_sense(found.false_alarm, found.asked, len(watched.SIGNALS), told, checks)
        return found

    @property
    def needed(self) -> int:
        """Null windows that an alarm takes: the smallest possible p-value is 1 / (1 + null windows)."""
        return null_windows(self.share)

    @field_validator("false_alarms")
    @classmethod
    def _is_a_rate(cls, written: str) -> str:
        if written:
            per_year(written)
        return written

    @model_validator(mode="after")
    def _can_alarm(self) -> Self:
        require_sense(self.false_alarm, self.asked, len(watched.SIGNALS), f"false_alarm {self.false_alarm:g}")
        if self.min_window > self.window:
            raise ValueError(f"min_window {self.min_window} is above window {self.window}: lower it or widen window")
        return self

"""What a domain lets its controller do by itself."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from settings.config import Config

Mode = Literal["auto", "approve", "observe"]

HOURS = re.compile("([01]?[0-9]|2[0-3])-([01]?[0-9]|2[0-3])")


class PolicyConfig(Config):
    """When what a check finds starts a retrain or a rollback."""

    mode: Mode = Field("auto", description="auto: it acts; approve: it asks a person; observe: it only tells")
    retrain_on: Literal["harm", "drift"] = Field(
        "harm", description="harm: drift that is known to cost little is watched; drift: any drift starts a retrain"
    )
    suspect: int = Field(1, ge=1, description="windows of the last `of` in which drift or harm must be found")
    of: int = Field(1, ge=1, le=100, description="windows that are looked back on, the newest included")
    cooldown_hours: float = Field(0, ge=0, description="hours after a retrain in which no other is started")
    per_week: int = Field(7, ge=1, description="retrains that may be started in seven days")
    new_labels: int = Field(0, ge=0, description="labels that must have been filed since the last retrain")
    backoff_hours: float = Field(
        6, ge=0, description="hours to wait after a retrain that changed nothing; twice as long after each further one"
    )
    breaker: int = Field(5, ge=1, description="retrains in a row that changed nothing; then a person must reset it")
    quiet: str = Field("", description="hours of the day without a retrain, as 22-06, in the schedule's time zone")
    baking_hours: float = Field(
        168, ge=0, description="hours in which a new champion is compared with the one before it; 0: never"
    )

    @property
    def quiet_hours(self) -> frozenset[int]:
        """The hours of the day, 0 to 23, in which no retrain is started."""
        if not self.quiet:
            return frozenset()
        first, last = map(int, self.quiet.split("-"))
        return frozenset((first + step) % 24 for step in range((last - first) % 24))

    @model_validator(mode="after")
    def _can_act(self) -> Self:
        """A policy that can never act, or says nothing, is refused when it is read."""
        if self.suspect > self.of:
            raise ValueError(
                f"suspect {self.suspect} is above of {self.of}, so that nothing would ever follow: lower it"
            )
        if self.quiet and not HOURS.fullmatch(self.quiet):
            raise ValueError(f"quiet {self.quiet!r} is no pair of hours; write it as 22-06")
        if self.quiet and not self.quiet_hours:
            raise ValueError(f"quiet {self.quiet!r} begins and ends at one hour; leave it out, or set mode to observe")
        return self

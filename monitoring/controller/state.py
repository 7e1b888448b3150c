"""What the controller knows when it decides: what a check found, and what came before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitoring.controller.policy import PolicyConfig

Verdict = Literal["ok", "cannot judge", "broken data", "skew"]
Harm = Literal["none", "small", "much", "unknown"]


@dataclass(frozen=True)
class Evidence:
    """What one check found.

    Attributes:
        verdict: whether the window can be judged at all.
        told: why, for people.
        drift: what drifted; empty: nothing.
        harm: how much worse the champion does than expected.
        performance: how well it does, for people.
        regression: in what the champion is worse than the version before it; empty: that is not shown.
    """

    verdict: Verdict
    told: str
    drift: str = ""
    harm: Harm = "unknown"
    performance: str = ""
    regression: str = ""

    @property
    def suspect(self) -> bool:
        """Whether there is a reason to do something about the model."""
        return bool(self.drift or self.regression) or self.harm == "much"


@dataclass(frozen=True)
class Past:
    """What came before a check.

    Times have a zone, as `now` has.

    Attributes:
        now: of the check.
        hour: of the day in the domain's time zone.
        suspects: of earlier windows of this champion, oldest first, whether each was suspect.
        retrains: when retrains began, oldest first.
        idle: retrains in a row, the last one included, that checks had asked for and that changed nothing: UNCHANGED,
            HOLD, REJECT or failed.
        tried: when the last one that a check had asked for began.
        labels: labels filed since the last retrain.
        way_back: the version that a rollback returns to.
        muted: until when the controller is to keep still.
        under_way: why one retrain more would be one too many: it runs, is owed, or came of the same traffic.
    """

    now: datetime
    hour: int = 12
    suspects: Sequence[bool] = ()
    retrains: Sequence[datetime] = field(default=())
    idle: int = 0
    tried: datetime | None = None
    labels: int = 0
    way_back: int | None = None
    muted: datetime | None = None
    under_way: str = ""

    @property
    def last(self) -> datetime | None:
        """When the last retrain began; one of the future only says that the clock was set back."""
        return max((time for time in self.retrains if time <= self.now), default=None)


@dataclass(frozen=True)
class Case:
    """All that a decision rests on."""

    found: Evidence
    past: Past
    policy: PolicyConfig

"""What every sign of broken data has in common."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from monitoring.config import MonitoringConfig
from monitoring.reference import Reference
from monitoring.windows import Window

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["broken data", "skew"]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a sign looks at: a window, the reference, what the domain tolerates, and the time of the check.

    `arrivals` are the times of the domain's latest traffic, whichever version answered it.
    """

    window: Window
    reference: Reference
    config: MonitoringConfig
    now: datetime
    arrivals: "pd.Series[pd.Timestamp]"

    @cached_property
    def enough(self) -> bool:
        """Whether shares of the window mean anything."""
        return self.window.samples >= self.config.min_window


@dataclass(frozen=True)
class Sign:
    """What one sign shows: data are broken where `value` is above `limit`; `told` says what that means and the remedy.

    A sign that cannot be looked at, for lack of rows or of a column, shows 0.
    """

    name: str
    value: float
    limit: float
    told: str
    kind: Kind = "broken data"

    @property
    def broken(self) -> bool:
        """Whether it is above its limit."""
        return self.value > self.limit


class Look(Protocol):
    """One way to see that data are broken."""

    def __call__(self, scene: Scene) -> Sign:
        """Looks at a scene."""

"""Windows: what of the prediction log one check looks at."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ANSWERS = ("probabilities", "embedding")


@dataclass(frozen=True, eq=False)
class Window:
    """The newest rows of the log of one model version, oldest first, those that failed included.

    `since` is when the present term of the version in production began: rows from before it, as a version that was
    rolled back to has, are told to `rows` by nobody.
    """

    rows: pd.DataFrame
    since: datetime | None = None

    @property
    def samples(self) -> int:
        """How many samples the window holds."""
        return len(self.rows)

    @property
    def began(self) -> str:
        """The time of the oldest row, ISO and UTC; empty: there is none."""
        return self.rows["time"].min().isoformat() if len(self.rows) else ""

    @cached_property
    def finite(self) -> "pd.Series[bool]":
        """Rows whose answers are numbers, or that have none because they failed."""
        told = [self.rows[name].map(_finite) for name in ANSWERS if name in self.rows]
        return pd.concat(told, axis=1).all(axis=1) if told else pd.Series(data=True, index=self.rows.index)

    @property
    def usable(self) -> pd.DataFrame:
        """The rows that the model could predict, in order; a sample that was scored several times is one sample."""
        good = self.rows["error"].isna() & self.finite
        return self.rows[good].drop_duplicates("hash", keep="last")

    @property
    def digest(self) -> str:
        """sha256 of the samples' hashes in order: two windows of one digest hold the same traffic."""
        return hashlib.sha256("".join(self.rows["hash"].astype(str)).encode()).hexdigest()


def window_of(rows: pd.DataFrame, since: datetime | None) -> Window:
    """The window of these rows of the log, without those from before the present term of their version."""
    return Window(rows if since is None else rows[rows["time"] >= since], since)


def _finite(answer: "ArrayLike | None") -> bool:
    return answer is None or bool(np.isfinite(answer).all())

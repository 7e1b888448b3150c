"""Windows: what of the prediction log one check looks at."""

import hashlib
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Window:
    """The newest rows of the log of one model version, oldest first, those that failed included."""

    rows: pd.DataFrame

    @property
    def samples(self) -> int:
        """How many samples the window holds."""
        return len(self.rows)

    @property
    def usable(self) -> pd.DataFrame:
        """The rows that the model could predict, in order; a sample that was scored several times is one sample."""
        return self.rows[self.rows["error"].isna()].drop_duplicates("hash", keep="last")

    @property
    def digest(self) -> str:
        """sha256 of the samples' hashes in order: two windows of one digest hold the same traffic."""
        return hashlib.sha256("".join(self.rows["hash"].astype(str)).encode()).hexdigest()

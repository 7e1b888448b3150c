"""The drift reference of a package: what a window of its log is compared with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MAXIMUM_ROWS = 2000
ROLES = frozenset({"hash", "group", "split", "probabilities", "embedding", "truth"})


@dataclass(frozen=True, eq=False)
class Reference:
    """What a served model said of the samples that it was trained and validated on.

    `rows` hold group, split, facts of the input, probabilities and embedding of each sample, in manifest order;
    `transform` is the hash of how its bytes became an array, `classes` name the probabilities. `held_out`: no answer
    was learned from its own sample; otherwise that holds for split "val" alone.
    """

    rows: "pd.DataFrame"
    transform: str
    classes: tuple[str, ...]
    held_out: bool = False

    @property
    def facts(self) -> list[str]:
        """Names of the facts of an input, as a sample kind has them: numbers a sample that play no other role."""
        return [str(name) for name in self.rows.select_dtypes("number") if name not in ROLES]


def thin(rows: "pd.DataFrame", *, seed: int) -> "pd.DataFrame":
    """At most about 2,000 rows of a reference, in order, as whole groups drawn at random.

    The kernel costs the square of the rows, and beyond that a null grows no sharper.
    """
    if len(rows) <= MAXIMUM_ROWS:
        return rows
    groups = rows["group"].astype(str)
    sizes = groups.value_counts(sort=False).sample(frac=1.0, random_state=seed)
    return rows[groups.isin(sizes.index[sizes.cumsum() <= max(MAXIMUM_ROWS, int(sizes.iloc[0]))])]

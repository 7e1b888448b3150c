"""The drift reference of a package: what a window of its log is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from monitoring.nulls.blocks import blocks_of

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


def rebased(reference: Reference, rows: "pd.DataFrame") -> Reference:
    """The reference of rows of the log that somebody has called as they should be; the same where there are none.

    What is known of their groups is what the log says: a session, else a group. A mixture with the rows of the package
    would not do: a window of one side of it is unlike windows of both.
    """
    import pandas as pd

    if not len(rows):
        return reference
    told = [rows[name] for name in ("session", "group") if name in rows]
    group = pd.concat([*told, rows["hash"]], axis=1).bfill(axis=1).iloc[:, 0]
    own = rows.reindex(columns=[name for name in reference.rows if name != "truth"]).reset_index(drop=True)
    return replace(reference, rows=own.assign(group=group.astype(str).to_numpy(), split="val"))


def thin(rows: "pd.DataFrame", told_by: Sequence[str] = ("group",), *, seed: int) -> "pd.DataFrame":
    """At most about 2,000 rows of a reference or a window, in order, as whole blocks drawn at random.

    The kernel costs the square of the rows, and beyond that a null grows no sharper.
    """
    if len(rows) <= MAXIMUM_ROWS:
        return rows
    blocks = blocks_of(rows, told_by)
    order = np.random.default_rng(seed).permutation(len(blocks.sizes))
    sizes = blocks.sizes[order]
    kept = order[sizes.cumsum() <= max(MAXIMUM_ROWS, int(sizes[0]))]
    return rows[np.isin(blocks.labels, kept)]

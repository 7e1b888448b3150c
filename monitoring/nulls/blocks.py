"""Blocks: rows that came together, a session, a module, a patient, and say less than as many independent ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Blocks:
    """`labels` [N] number the block of each row; `by` is the column that tells it, empty where none does."""

    labels: Places
    by: str = ""

    @cached_property
    def sizes(self) -> Places:
        """Rows of each block."""
        return np.bincount(self.labels)

    @property
    def worth(self) -> int:
        """How many equal blocks it is worth: one that holds most rows leaves little to the others."""
        return round(len(self.labels) ** 2 / float((self.sizes.astype(np.float64) ** 2).sum())) if len(self) else 0

    @property
    def single(self) -> bool:
        """Whether no two rows share a block."""
        return len(self.sizes) == len(self)

    def __len__(self) -> int:
        return len(self.labels)


def in_blocks(rows: "pd.DataFrame", columns: Sequence[str]) -> "tuple[pd.DataFrame, Blocks]":
    """The rows block by block, and their blocks as `blocks_of` finds them."""
    found = blocks_of(rows, columns)
    order = found.labels.argsort(kind="stable")
    return rows.iloc[order], Blocks(found.labels[order], found.by)


def blocks_of(rows: "pd.DataFrame", columns: Sequence[str]) -> Blocks:
    """How rows come by the first of the columns in which two rows are alike, or the coarser of several such.

    A row that has no value is a block of its own.
    """
    alone = Blocks(np.arange(len(rows)))
    told = [Blocks(_labels(rows[name]), name) for name in columns if name in rows]
    return min([block for block in told if not block.single], key=lambda block: block.worth, default=alone)


def _labels(values: "pd.Series[str]") -> Places:
    known = values.notna().to_numpy()
    labels = np.empty(len(values), dtype=np.int64)
    import pandas as pd  # a second of import, which `status` has no time for

    labels[known] = pd.factorize(values[known])[0]
    labels[~known] = np.arange((~known).sum()) + (labels[known].max() + 1 if known.any() else 0)
    return labels

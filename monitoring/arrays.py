"""Columns of the two tables that a drift check compares, as arrays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from monitoring.errors import MonitoringError

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]


def stack(frame: "pd.DataFrame", column: str) -> Array:
    """A column of equally long lists as an array [rows, length].

    Raises:
        MonitoringError: no rows, or lists of different lengths, as of two model versions in one window.
    """
    lengths = {len(value) for value in frame[column]}
    if len(lengths) != 1:
        found = ", ".join(map(str, sorted(lengths))) or "no rows"
        raise MonitoringError(f"{column}: lengths {found}; one check compares rows of one model version")
    return np.stack([np.asarray(value, dtype=np.float64) for value in frame[column]])


def joined(parts: "Sequence[pd.DataFrame]", column: str) -> Array:
    """The arrays of `column` in several tables, one below the other.

    Raises:
        MonitoringError: the rows of the tables differ in length.
    """
    first, *others = (stack(part, column) for part in parts)
    for other in others:
        if first.shape[1] != other.shape[1]:
            raise MonitoringError(
                f"{column}: {other.shape[1]} values in the window, {first.shape[1]} in the reference; "
                "read the log of the version that the reference belongs to"
            )
    return np.concatenate([first, *others])


def pair(reference: "pd.DataFrame", window: "pd.DataFrame", column: str) -> tuple[Array, Array]:
    """The arrays of `column` in both tables.

    Raises:
        MonitoringError: the rows of the two tables differ in length.
    """
    both = joined([reference, window], column)
    return both[: len(reference)], both[len(reference) :]


def project(reference: Array, window: Array, *, components: int, seed: int) -> tuple[Array, Array]:
    """Both tables on the leading principal components of their rows taken together."""
    pooled = leading(np.concatenate([reference, window]), components, seed=seed)
    return pooled[: len(reference)], pooled[len(reference) :]


def leading(rows: Array, components: int, *, seed: int) -> Array:
    """Rows of all tables on their leading principal components.

    Fitting on the reference alone would shrink a window: noise directions fit the rows they were found in, so a fresh
    window of the same population would look different. Taken together, all are treated alike.
    """
    from sklearn.decomposition import PCA

    if components >= min(rows.shape):
        return rows
    solver = "randomized" if rows.shape[1] > 4 * components else "full"
    found: Array = PCA(components, svd_solver=solver, random_state=seed).fit_transform(rows)
    return found

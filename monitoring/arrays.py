"""Columns of the two tables that a drift check compares, as arrays."""

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


def pair(reference: "pd.DataFrame", window: "pd.DataFrame", column: str) -> tuple[Array, Array]:
    """The arrays of `column` in both tables.

    Raises:
        MonitoringError: the rows of the two tables differ in length.
    """
    expected, seen = stack(reference, column), stack(window, column)
    if expected.shape[1] != seen.shape[1]:
        raise MonitoringError(
            f"{column}: {seen.shape[1]} values in the window, {expected.shape[1]} in the reference; "
            "read the log of the version that the reference belongs to"
        )
    return expected, seen


def project(reference: Array, window: Array, *, components: int, seed: int) -> tuple[Array, Array]:
    """Both tables on the leading principal components of their rows taken together.

    Fitting on the reference alone would shrink the window: noise directions fit the rows they were found in, so a fresh
    window of the same population would look different. Taken together, both sides are treated alike.
    """
    from sklearn.decomposition import PCA

    pooled = np.concatenate([reference, window])
    if components < min(pooled.shape):
        solver = "randomized" if pooled.shape[1] > 4 * components else "full"
        pooled = PCA(components, svd_solver=solver, random_state=seed).fit_transform(pooled)
    return pooled[: len(reference)], pooled[len(reference) :]

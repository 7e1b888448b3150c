"""The two tables that a drift check compares, as arrays: the drift reference of a package and a window of its log."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.errors import MonitoringError

MAXIMUM_ROWS = 2000

Array = npt.NDArray[np.float64]


def usable(window: pd.DataFrame) -> pd.DataFrame:
    """The rows of a window that the model could predict, in order."""
    return window[window["error"].isna()]


def thin(reference: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """At most about 2,000 rows of a reference, in order, as whole groups drawn at random.

    The kernel costs the square of the rows, and beyond that a null grows no sharper.
    """
    if len(reference) <= MAXIMUM_ROWS:
        return reference
    groups = reference["group"].astype(str)
    sizes = groups.value_counts(sort=False).sample(frac=1.0, random_state=seed)
    return reference[groups.isin(sizes.index[sizes.cumsum() <= max(MAXIMUM_ROWS, int(sizes.iloc[0]))])]


def stack(frame: pd.DataFrame, column: str) -> Array:
    """A column of equally long lists as an array [rows, length].

    Raises:
        MonitoringError: no rows, or lists of different lengths, as of two model versions in one window.
    """
    lengths = {len(value) for value in frame[column]}
    if len(lengths) != 1:
        found = ", ".join(map(str, sorted(lengths))) or "no rows"
        raise MonitoringError(f"{column}: lengths {found}; one check compares rows of one model version")
    return np.stack([np.asarray(value, dtype=np.float64) for value in frame[column]])


def pair(reference: pd.DataFrame, window: pd.DataFrame, column: str) -> tuple[Array, Array]:
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

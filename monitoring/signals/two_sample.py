"""Two-sample statistics, computed for many ways of cutting one set of rows in two at once."""

import numpy as np
import numpy.typing as npt

from monitoring.arrays import Array

Members = npt.NDArray[np.bool_]


def gaussian_kernel(rows: Array) -> Array:
    """Gaussian kernel [N, N] of `rows` [N, D] at the median distance (Gretton et al., JMLR 2012, section 8)."""
    squares = (rows**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0)
    median = float(np.median(distances[np.triu_indices(len(rows), 1)]))
    kernel: Array = np.exp(-distances / (2 * median or 1.0))
    return kernel


def squared_mmd(kernel: Array, members: Members) -> Array:
    """Unbiased squared maximum mean discrepancy [R] between the rows marked in `members` [R, N] and the other rows.

    Equation 3 of Gretton et al., JMLR 2012; zero on average where both sides are one population, so also negative.
    """
    first = members.astype(np.float64)
    second = 1 - first
    sums, others = first @ kernel, second @ kernel
    m, n = first.sum(axis=1), second.sum(axis=1)
    trace = np.diagonal(kernel)
    within = ((sums * first).sum(axis=1) - first @ trace) / (m * (m - 1))
    outside = ((others * second).sum(axis=1) - second @ trace) / (n * (n - 1))
    discrepancy: Array = within + outside - 2 * (sums * second).sum(axis=1) / (m * n)
    return discrepancy


def kolmogorov_smirnov(values: Array, members: Members) -> Array:
    """Largest distance [R] between the distribution functions of `values` [N] in and out of `members` [R, N]."""
    order = values.argsort()
    inside = members[:, order].cumsum(axis=1)
    seen = np.arange(1, len(values) + 1)
    size = inside[:, -1:]
    gaps = np.abs(inside / size - (seen - inside) / (len(values) - size))
    # Within a run of equal values the distribution functions have no value of their own: only its end counts.
    last = np.append(np.diff(values[order]) > 0, True)
    largest: Array = gaps[:, last].max(axis=1)
    return largest


def tail(reference: int, window: int) -> Members:
    """Members [1, reference + window] of the last `window` of all rows: the window itself, as a single resample."""
    return np.arange(reference + window)[None, :] >= reference

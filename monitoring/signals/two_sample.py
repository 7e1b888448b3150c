"""Two-sample statistics, computed for many ways of cutting one set of rows in two at once."""

import numpy as np
import numpy.typing as npt

from monitoring.arrays import Array
from monitoring.nulls.blocks import Blocks, Places

Members = npt.NDArray[np.bool_]
CHUNK = 2_000_000


def gaussian_kernel(rows: Array) -> Array:
    """Gaussian kernel [N, N] of `rows` [N, D] at the median distance (Gretton et al., JMLR 2012, section 8)."""
    squares = (rows**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0)
    median = float(np.median(distances[np.triu_indices(len(rows), 1)]))
    kernel: Array = np.exp(-distances / (2 * median or 1.0))
    return kernel


def squared_mmd(kernel: Array, members: Members, others: Members) -> Array:
    """Squared maximum mean discrepancy [R] between the rows marked in `members` [R, N] and those in `others`.

    The squared distance of two means (equation 5 of Gretton et al., JMLR 2012): on average as large as both sides'
    sampling spread where they are one population.
    """
    first, second = (side / side.sum(axis=1, keepdims=True) for side in (members, others))
    sums, away = first @ kernel, second @ kernel
    discrepancy: Array = (sums * first).sum(axis=1) + (away * second).sum(axis=1) - 2 * (sums * second).sum(axis=1)
    return discrepancy


def kolmogorov_smirnov(values: Array, members: Members, others: Members) -> Array:
    """Largest distance [R] between the distribution functions of `values` [N] in `members` and `others` [R, N]."""
    order = values.argsort()
    inside, outside = (side[:, order].cumsum(axis=1) for side in (members, others))
    gaps = np.abs(inside / inside[:, -1:] - outside / outside[:, -1:])
    # Within a run of equal values the distribution functions have no value of their own: only its end counts.
    last = np.append(np.diff(values[order]) > 0, True)
    largest: Array = gaps[:, last].max(axis=1)
    return largest


def kernel_sums(kernel: Array, rows: Places, blocks: Blocks) -> tuple[Array, Array]:
    """Sums [R] of the kernel over the pairs of `rows` [R, size] within one block, and over all their pairs."""
    counts = np.zeros((len(rows), len(kernel)))
    counts[np.arange(len(rows))[:, None], rows] = 1
    parts = (rows[:, blocks.labels == block] for block in range(len(blocks.sizes)))
    own = sum((_pairs(kernel, part) for part in parts), np.zeros(len(rows)))
    return own, ((counts @ kernel) * counts).sum(axis=1)


def _pairs(kernel: Array, rows: Places) -> Array:
    """Sums [R] of the kernel over all pairs of `rows` [R, size], a few millions at a time."""
    steps = range(0, len(rows), max(1, CHUNK // rows.shape[1] ** 2))
    parts = [rows[start : start + max(1, CHUNK // rows.shape[1] ** 2)] for start in steps]
    return np.concatenate([kernel[part[:, :, None], part[:, None, :]].sum(axis=(1, 2)) for part in parts])


def feature_sums(features: Array, rows: Places, blocks: Blocks) -> tuple[Array, Array]:
    """The same of explicit features [N, F], of which the kernel is the inner product."""
    starts = np.concatenate([[0], blocks.sizes.cumsum()[:-1]])
    sums = np.add.reduceat(features[rows], starts, axis=1)
    return (sums**2).sum(axis=(1, 2)), (sums.sum(axis=1) ** 2).sum(axis=1)


def tail(reference: int, window: int) -> tuple[Members, Members]:
    """The last `window` of all rows marked [1, rows], and the others: the window, as a single resample."""
    last = np.arange(reference + window)[None, :] >= reference
    return last, ~last

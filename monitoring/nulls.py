"""Null windows: what a window looks like while nothing has changed, drawn from the reference itself.

Production traffic comes in correlated blocks (a module, a patient, a camera), so that 200 samples say less than 200
independent ones. Null windows are therefore made of whole blocks (a group bootstrap without replacement; subsampling of
Politis, Romano and Wolf, "Subsampling", 1999), and each is compared with the rest of the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from monitoring.errors import MonitoringError

# Below this many groups a window of half the reference has one or no other half to be compared with.
MINIMUM_GROUPS = 4
RUNS = 12

Members = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NullWindows:
    """`members` [resamples, rows] marks the rows of each null window; `note` says how they were drawn.

    `scale` is the squared sampling spread of a real window against the whole reference, divided by that of a null
    window against the rest: a squared statistic is multiplied by it, another one by its root. `groups` is the number of
    equal groups that the reference is worth, `distinct` how many different windows can be made of them.
    """

    members: Members
    scale: float
    groups: int
    distinct: int
    note: str


def draw_null_windows(groups: Sequence[str], window: int, *, resamples: int, seed: int) -> NullWindows:
    """Draws `resamples` null windows for a window of `window` rows from a reference with one group label a row.

    Whole groups at the window's own size where the reference holds two windows; otherwise what is within reach, and
    the note says so: null windows of half the reference, rescaled, and below 4 groups contiguous runs of rows.

    Raises:
        MonitoringError: fewer than 24 rows.
    """
    rows = len(groups)
    if rows < 2 * RUNS:
        raise MonitoringError(
            f"the reference has {rows} rows, a null needs at least {2 * RUNS}; enlarge the validation split"
        )
    size = min(window, rows // 2)
    labels, sizes = np.unique(np.asarray(groups, dtype=str), return_inverse=True, return_counts=True)[1:]
    # One group that holds most rows would be in every null window: count groups by how evenly they share the rows.
    worth = round(rows**2 / float((sizes.astype(np.float64) ** 2).sum()))
    note = _note(rows, len(sizes), worth)
    if worth < MINIMUM_GROUPS:
        labels = np.arange(rows) // (rows // RUNS)
    if size < window:
        note += f"; fallback, {rows} rows are less than two windows: null windows of {size} rows, rescaled to {window}"
    scale = (1 / window + 1 / rows) / (1 / size + 1 / (rows - size))
    members = _draw(labels, size, resamples, seed)
    return NullWindows(members, scale, worth, comb(worth, max(1, round(size * worth / rows))), note)


def _note(rows: int, groups: int, worth: int) -> str:
    if groups == rows:
        return f"single rows, none of {rows} shares a group: assumes that samples are independent"
    held = f"{groups} groups in {rows} rows, worth {worth} equal ones"
    if worth < MINIMUM_GROUPS:
        run = rows // RUNS
        return f"fallback, {held}, at least {MINIMUM_GROUPS} are needed: runs of {run} contiguous rows instead"
    return f"whole groups, {held}"


def _draw(blocks: npt.NDArray[np.int64], size: int, resamples: int, seed: int) -> Members:
    """Marks `size` rows a resample, block by block in random order; the last block may be cut."""
    keys = np.random.default_rng(seed).random((resamples, int(blocks.max()) + 1))
    order = keys[:, blocks].argsort(axis=1, kind="stable")[:, :size]
    members = np.zeros((resamples, len(blocks)), dtype=np.bool_)
    members[np.arange(resamples)[:, None], order] = True
    return members

"""Null windows: windows without drift, made of the rows of the reference.

Production traffic comes in blocks, so that 200 samples say less than 200 independent ones. Null windows have the blocks
of the window, as many and as large, each filled from one group of the reference (a group bootstrap without replacement;
subsampling of Politis, Romano and Wolf, "Subsampling", 1999). Where traffic does not tell its blocks, it is taken to
come as the reference's groups do. Each is compared with the groups of the reference that are not in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
import numpy.typing as npt

from monitoring.nulls.blocks import Blocks, Places, blocks_of

Members = npt.NDArray[np.bool_]
TOGETHER = 500


@dataclass(frozen=True, eq=False)
class NullWindows:
    """Null windows of a reference for a window that comes in `window` blocks.

    `rows` [resamples, size] are the rows of each, in blocks [size] that are the same in all, and `rest` [resamples,
    reference] marks what each is compared with; `note` says how they were drawn. `scale` is the squared distance of a
    window of independent rows from the whole reference, in units of its own sampling spread, divided by that of a null
    window from the rest. `distinct` counts how many can be drawn.
    """

    rows: Places
    rest: Members
    blocks: Blocks
    window: Blocks
    scale: float
    distinct: int
    note: str

    @property
    def parts(self) -> "Iterator[NullWindows]":
        """The same, a few hundred at a time: what is measured of them takes memory for each."""
        for start in range(0, len(self.rows), TOGETHER):
            yield replace(self, rows=self.rows[start : start + TOGETHER], rest=self.rest[start : start + TOGETHER])

    def placed(self, places: Places, rows: int) -> "NullWindows":
        """The same windows of a larger table of so many rows, in which the reference stands at `places`."""
        rest = np.zeros((len(self.rows), rows), dtype=np.bool_)
        rest[:, places] = self.rest
        return replace(self, rows=places[self.rows], rest=rest)

    @property
    def members(self) -> Members:
        """The rows of each null window marked, [resamples, reference]."""
        marked = np.zeros(self.rest.shape, dtype=np.bool_)
        marked[np.arange(len(self.rows))[:, None], self.rows] = True
        return marked


def draw_null_windows(groups: Sequence[str], window: Blocks, *, resamples: int, seed: int) -> NullWindows:
    """Draws `resamples` null windows for a `window` whose rows are block by block; one group label a reference row.

    At the window's own size where the reference holds two windows, otherwise of half the reference.
    """
    import pandas as pd  # as in blocks

    known = blocks_of(pd.DataFrame({"group": groups}), ["group"])
    rows, size = len(known), min(len(window), len(known) // 2)
    blocks = Blocks(np.unique(window.labels[:size], return_inverse=True)[1], window.by)
    random, whole = np.random.default_rng(seed), window.single or known.single
    if whole:
        drawn = _in_order(known, size, resamples, random)
    else:
        drawn = np.stack([_filled(known, blocks.sizes, random) for _ in range(resamples)])
    rest = _others(known, drawn)
    scale = (1 + len(window) / rows) / (1 + size / float(rest.sum(axis=1).mean()))
    taken = round(size * known.worth / rows) if whole else min(len(blocks.sizes), known.worth // 2)
    note = _note(known, window) + _shortage(rows, size, len(window))
    # A block says less than its rows: against the rest of few groups it is no nearer than a window is to the whole.
    scale = scale if whole else max(1.0, scale)
    return NullWindows(drawn, rest, blocks, window, scale, comb(known.worth, max(1, taken)), note)


def _in_order(known: Blocks, size: int, resamples: int, random: np.random.Generator) -> Places:
    """The first rows of the reference's groups in random order, group by group; the last one may be cut."""
    parts = [min(TOGETHER, resamples - start) for start in range(0, resamples, TOGETHER)]
    keys = (random.random((count, len(known.sizes)))[:, known.labels] for count in parts)
    return np.concatenate([one.argsort(axis=1, kind="stable")[:, :size] for one in keys])


def _filled(known: Blocks, sizes: Places, random: np.random.Generator) -> Places:
    """Rows of one null window: each block from a group of its own, as far as half of the groups goes round."""
    order = random.permutation(len(known.sizes))
    enough = int(np.searchsorted(known.sizes[order].cumsum(), sizes.sum())) + 1
    chosen = order[: max(enough, min(len(sizes), len(order) // 2))]
    shuffled = random.permutation(len(known))
    together = shuffled[known.labels[shuffled].argsort(kind="stable")]
    own = np.split(together, known.sizes.cumsum()[:-1])
    queue = [own[group] for group in chosen]
    return np.concatenate([_block(int(size), queue) for size in sizes])


def _block(size: int, queue: list[Places]) -> Places:
    """So many rows of the first group in the queue, which then waits at its end; what it lacks comes from the next."""
    parts: list[Places] = []
    while size:
        group = queue.pop(0)
        parts.append(group[:size])
        size -= len(parts[-1])
        if len(group) > len(parts[-1]):
            queue.append(group[len(parts[-1]) :])
    return np.concatenate(parts)


def _others(known: Blocks, drawn: Places) -> Members:
    """The rows [resamples, reference] of groups of which no row was drawn."""
    touched = np.zeros((len(drawn), len(known.sizes)), dtype=np.bool_)
    touched[np.arange(len(drawn))[:, None], known.labels[drawn]] = True
    rest: Members = ~touched[:, known.labels]
    return rest


def _note(known: Blocks, window: Blocks) -> str:
    held = f"{len(known.sizes)} groups of the reference, worth {known.worth} equal ones"
    if window.single:
        alone = "single rows: neither traffic nor reference says what belongs together, samples count as independent"
        return alone if known.single else f"whole groups, {held}: traffic does not say what belongs together"
    came = f"as the window's {len(window.sizes)} blocks by {window.by}, worth {window.worth} equal ones, came"
    if known.single:
        return f"{came}, filled with single rows: the reference has no groups, the window tells how alike a block is"
    return f"{came}, each filled from one of {held}"


def _shortage(rows: int, size: int, window: int) -> str:
    if size == window:
        return ""
    return f"; fallback, {rows} rows are less than two windows: null windows of {size} rows, rescaled to {window}"

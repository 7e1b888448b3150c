"""Drift of what the network sees: its embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Array, joined, leading
from monitoring.nulls.blocks import Places
from monitoring.nulls.spread import relative_spread
from monitoring.nulls.windows import NullWindows
from monitoring.reference import Reference
from monitoring.signals.signal import Measurement
from monitoring.signals.two_sample import gaussian_kernel, kernel_sums, squared_mmd, tail

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Embedding:
    """Squared maximum mean discrepancy of the embeddings on their leading principal components.

    Gretton et al., "A Kernel Two-Sample Test", JMLR 2012.
    """

    name: str = "embedding_mmd2"
    components: int = 64
    ceiling: float = 2.0

    def comparable(self, reference: Reference) -> "pd.DataFrame":
        """All rows."""
        return reference.rows

    def prepared(self, parts: "Sequence[pd.DataFrame]", *, seed: int) -> "Kernel":
        """One kernel of all rows."""
        return Kernel(gaussian_kernel(leading(joined(parts, "embedding"), self.components, seed=seed)))


@dataclass(frozen=True, eq=False)
class Kernel:
    """The kernel [N, N] of rows."""

    kernel: Array

    def measure(self, known: Places, seen: Places, null: NullWindows) -> Measurement:
        """Squared discrepancy of window and reference, and of each null window from the rest."""
        both = np.concatenate([known, seen])
        kernel, rows = self.kernel[np.ix_(both, both)], len(known)
        observed = float(squared_mmd(kernel, *tail(rows, len(seen)))[0])
        ours, theirs = kernel[rows:, rows:], kernel[:rows, :rows]
        parts = [squared_mmd(theirs, p.members, p.rest) * p.scale * _spreads(theirs, ours, p) for p in null.parts]
        return Measurement(observed, np.concatenate(parts))


def _spreads(known: Array, seen: Array, null: NullWindows) -> Array:
    """The sampling spread of the window's mean, divided by that of each null window's."""
    if null.window.single:
        return np.full(len(null.rows), len(null.blocks) / len(seen))
    apart = np.trace(known) - (known.sum() - np.trace(known)) / (len(known) - 1)
    ours = kernel_sums(seen, np.arange(len(seen))[None], null.window)
    return relative_spread(null, ours, kernel_sums(known, null.rows, null.blocks), float(apart) / len(known))

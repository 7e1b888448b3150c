"""Drift of what the network sees: its embeddings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Array, pair, project
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

    def measure(
        self, reference: "pd.DataFrame", window: "pd.DataFrame", null: NullWindows, *, seed: int
    ) -> Measurement:
        """Measures window and null windows with one kernel of all rows."""
        arrays, rows = pair(reference, window, "embedding"), len(reference)
        kernel = gaussian_kernel(np.concatenate(project(*arrays, components=self.components, seed=seed)))
        known, observed = kernel[:rows, :rows], float(squared_mmd(kernel, *tail(rows, len(window)))[0])
        resampled = squared_mmd(known, null.members, null.rest)
        return Measurement(observed, resampled * null.scale * _spreads(known, kernel[rows:, rows:], null))


def _spreads(known: Array, seen: Array, null: NullWindows) -> Array:
    """The sampling spread of the window's mean, divided by that of each null window's."""
    if null.window.single:
        return np.full(len(null.rows), len(null.blocks) / len(seen))
    apart = np.trace(known) - (known.sum() - np.trace(known)) / (len(known) - 1)
    ours = kernel_sums(seen, np.arange(len(seen))[None], null.window)
    return relative_spread(null, ours, kernel_sums(known, null.rows, null.blocks), float(apart) / len(known))

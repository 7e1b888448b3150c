"""Drift of what the network sees: its embeddings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import pair, project
from monitoring.nulls import NullWindows
from monitoring.signals.signal import Measurement
from monitoring.signals.two_sample import gaussian_kernel, squared_mmd, tail

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Embedding:
    """Squared maximum mean discrepancy of the embeddings on their leading principal components.

    Gretton et al., "A Kernel Two-Sample Test", JMLR 2012.
    """

    name: str = "embedding_mmd2"
    components: int = 64

    def comparable(self, reference: "pd.DataFrame") -> "pd.DataFrame":
        """All rows."""
        return reference

    def measure(
        self, reference: "pd.DataFrame", window: "pd.DataFrame", null: NullWindows, *, seed: int
    ) -> Measurement:
        """Measures window and null windows with one kernel of all rows."""
        arrays = pair(reference, window, "embedding")
        kernel = gaussian_kernel(np.concatenate(project(*arrays, components=self.components, seed=seed)))
        rows = len(reference)
        observed = squared_mmd(kernel, tail(rows, len(window)))
        return Measurement(float(observed[0]), squared_mmd(kernel[:rows, :rows], null.members) * null.scale)

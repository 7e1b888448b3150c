"""Synthetic references and windows whose rows come in groups that are alike within."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Frame = Callable[..., pd.DataFrame]


def grouped_frame(
    rng: np.random.Generator, *, groups: int, size: int = 10, shift: float = 0.0, dimensions: int = 8
) -> pd.DataFrame:
    """Rows of a reference and of the prediction log at once: group effects of 0.7 and row noise of 1 standard unit."""
    rows = groups * size
    embedding = rng.normal(size=(rows, dimensions))
    embedding[:, :8] += np.repeat(rng.normal(size=(groups, min(dimensions, 8))) * 0.7, size, axis=0)
    embedding[:, 0] += shift
    positive = 1 / (1 + np.exp(-embedding[:, 0]))
    return pd.DataFrame(
        {
            "group": [f"group-{number // size:03d}" for number in range(rows)],
            "split": "val",
            "brightness": 100 + 10 * embedding[:, 0],
            "probabilities": list(np.stack([1 - positive, positive], axis=1)),
            "embedding": list(embedding),
            "time": pd.Timestamp("2026-05-01T11:00", tz="UTC"),
            "transform": "t" * 64,
            "error": None,
            "hash": [f"{rng.integers(2**62):x}" for _ in range(rows)],
        }
    )


@pytest.fixture
def grouped() -> Frame:
    """Makes frames of correlated groups."""
    return grouped_frame

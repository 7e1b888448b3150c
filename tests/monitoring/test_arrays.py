"""Tables become arrays, and both sides of a comparison are treated alike."""

import numpy as np
import pandas as pd
import pytest

from monitoring.arrays import pair, project, stack
from monitoring.errors import MonitoringError


def test_stack__lists_of_two_lengths() -> None:
    """Rows of two models in one table are refused, with both lengths."""
    with pytest.raises(MonitoringError, match="embedding: lengths 2, 3;"):
        stack(pd.DataFrame({"embedding": [[1, 2], [1, 2, 3]]}), "embedding")


def test_pair__gives_both_arrays() -> None:
    """Lists become float64 arrays, half precision included."""
    known, seen = (pd.DataFrame({"e": rows}) for rows in ([[1.0, 2.0]], [np.array([0.5, 4], dtype=np.float16)]))
    assert [array.tolist() for array in pair(known, seen, "e")] == [[[1.0, 2.0]], [[0.5, 4.0]]]


def test_project__noise_looks_alike_on_both_sides() -> None:
    """In more dimensions than rows, the spread of a window of the same population is that of the reference."""
    rng = np.random.default_rng(0)
    reference, window = project(rng.normal(size=(200, 800)), rng.normal(size=(100, 800)), components=20, seed=0)
    assert reference.shape == (200, 20)
    assert window.std() / reference.std() == pytest.approx(1, abs=0.05)


def test_project__few_dimensions_stay_as_they_are() -> None:
    """What has no more dimensions than components is not touched."""
    rows = np.arange(6.0).reshape(3, 2)
    assert project(rows, rows[:1], components=2, seed=0)[0].tolist() == rows.tolist()

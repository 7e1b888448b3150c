"""The embedding's signal: one kernel for the window and its null windows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from monitoring.nulls import draw_null_windows
from monitoring.signals.embedding import Embedding
from monitoring.signals.two_sample import gaussian_kernel, squared_mmd

Frame = Callable[..., pd.DataFrame]


def test_embedding__is_the_mmd_of_its_definition(grouped: Frame) -> None:
    """Eight dimensions stay as they are: reference against window, and each null window against the rest, rescaled."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=12), grouped(rng, groups=4)
    null = draw_null_windows(list(reference["group"]), 40, resamples=20, seed=0)
    found = Embedding().measure(reference, window, null, seed=0)
    kernel = gaussian_kernel(np.stack([*reference["embedding"], *window["embedding"]]))
    assert found.observed == pytest.approx(squared_mmd(kernel, np.arange(160)[None, :] >= 120)[0])
    np.testing.assert_allclose(found.null, squared_mmd(kernel[:120, :120], null.members) * null.scale)


def test_embedding__compares_all_rows(grouped: Frame) -> None:
    """Training rows belong to the reference of an embedding."""
    reference = grouped(np.random.default_rng(0), groups=12).assign(split="train")
    assert len(Embedding().comparable(reference)) == 120

"""The embedding's signal: one kernel for the window and its null windows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from monitoring.nulls.blocks import in_blocks
from monitoring.nulls.windows import draw_null_windows
from monitoring.reference import Reference
from monitoring.signals.embedding import Embedding
from monitoring.signals.signal import measured
from monitoring.signals.two_sample import gaussian_kernel, squared_mmd, tail

Frame = Callable[..., pd.DataFrame]


def test_embedding__is_the_mmd_of_its_definition(grouped: Frame) -> None:
    """Eight dimensions stay as they are: reference against window, and each null window against the rest, rescaled."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=12), grouped(rng, groups=4)
    window, came = in_blocks(window, [])
    null = draw_null_windows(list(reference["group"]), came, resamples=20, seed=0)
    found = measured(Embedding(), reference, window, null, seed=0)
    kernel = gaussian_kernel(np.stack([*reference["embedding"], *window["embedding"]]))
    assert found.observed == pytest.approx(squared_mmd(kernel, *tail(120, 40))[0])
    np.testing.assert_allclose(found.null, squared_mmd(kernel[:120, :120], null.members, null.rest) * null.scale)


def test_embedding__compares_all_rows(grouped: Frame) -> None:
    """Training rows belong to the reference of an embedding."""
    reference = grouped(np.random.default_rng(0), groups=12).assign(split="train")
    assert len(Embedding().comparable(Reference(reference, "", ()))) == 120


def test_embedding__sessions_more_alike_than_groups(grouped: Frame) -> None:
    """What the window's sessions vary more than the reference's groups do widens the null by as much."""
    rng = np.random.default_rng(0)
    reference, window = grouped(rng, groups=30), grouped(rng, groups=10)
    means = np.stack(window.groupby("group")["embedding"].apply(lambda rows: np.mean(np.stack(rows), axis=0)))
    alike = window.assign(embedding=list(np.stack(window["embedding"]) + 2 * np.repeat(means, 10, axis=0)))
    null = draw_null_windows(list(reference["group"]), in_blocks(window, ["group"])[1], resamples=40, seed=0)
    usual, wide = (np.median(measured(Embedding(), reference, rows, null, seed=0).null) for rows in (window, alike))
    assert wide > 1.5 * usual

"""Rows of the log with labels, and a reference that knows the truth."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from monitoring.performance.expectation import Expectation

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Rows = Callable[..., pd.DataFrame]


def make_rows(
    right: np.ndarray, *, confidence: float | np.ndarray = 0.9, session: object = None, labelled: object = True
) -> pd.DataFrame:
    """Answers of classes a and b, one an hour until `NOW`; each says a and is right or not, its label came a day after.

    `session` is None or a number a row; `labelled` marks the rows that have a label.
    """
    count = len(right)
    sure = np.broadcast_to(confidence, count)
    times = [NOW - timedelta(hours=count - place) - timedelta(days=2) for place in range(count)]
    has = np.broadcast_to(labelled, count)
    sessions = [None] * count if session is None else [f"s{number}" for number in np.asarray(session)]
    return pd.DataFrame({
        "hash": [f"h{place}" for place in range(count)],
        "time": pd.to_datetime(times),
        "error": None,
        "session": sessions,
        "group": None,
        "probabilities": list(np.stack([sure, 1 - sure], axis=1)),
        "label": np.where(has, np.where(right, "a", "b"), None),
        "labelled": [time + timedelta(days=1) if known else pd.NaT for time, known in zip(times, has, strict=True)],
    })  # fmt: skip


@pytest.fixture
def rows() -> Rows:
    """Makes rows of the log."""
    return make_rows


@pytest.fixture
def expectation() -> Expectation:
    """An accuracy of 0.9, surely 0.88 to 0.92, of which 0.03 may be lost."""
    return Expectation("accuracy", Interval(0.9, 0.88, 0.92), 0.03)

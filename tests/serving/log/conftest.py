"""Rows of a log."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from serving.log.schema import Prediction

START = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@pytest.fixture
def rows() -> Callable[..., list[Prediction]]:
    """Makes predictions with their number as path, a second apart."""
    half, single = np.array([0.5, 2.0], dtype=np.float16), np.array([0.25, 0.75], dtype=np.float32)

    def make(start: int, stop: int, *, version: int = 1, day: int = 0, **more) -> list[Prediction]:
        fixed = {
            "hash": "h",
            "predicted": "cat",
            "probabilities": single,
            "embedding": half,
            "facts": {"brightness": 7.5},
        }
        begin = START + timedelta(days=day)
        times = [begin + timedelta(seconds=number) for number in range(start, stop)]
        numbered = zip(times, range(start, stop), strict=True)
        return [Prediction(time, version, "t", path=str(number), **(fixed | more)) for time, number in numbered]

    return make

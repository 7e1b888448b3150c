"""Scenes of real data: the digits of scikit-learn, their pixels as embeddings, and the answers of a simple model."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd

from monitoring.broken.sign import Scene
from monitoring.config import MonitoringConfig
from monitoring.reference import Reference
from monitoring.windows import Window

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@cache
def digits() -> pd.DataFrame:
    """All 1,797 in random order, as rows of a reference and of the log at once; answers are out of fold."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    pixels, labels = load_digits(return_X_y=True)
    said = cross_val_predict(LogisticRegression(max_iter=300), pixels / 16, labels, method="predict_proba")
    rows = pd.DataFrame({
        "hash": [f"{number:04d}" for number in range(len(pixels))],
        "group": None, "split": "val", "transform": "new", "error": None,
        "time": pd.Timestamp(NOW) - pd.to_timedelta(np.arange(len(pixels)), "min"),
        "brightness": pixels.mean(axis=1) * 255 / 16,
        "probabilities": list(said), "embedding": list(pixels / 16),
        "label": labels,
    })  # fmt: skip
    return rows.sample(frac=1, random_state=0, ignore_index=True)


def reference() -> Reference:
    """The first 1,000 of them."""
    return Reference(digits()[:1000].drop(columns="label"), "new", tuple("0123456789"))


def traffic(rows: int) -> pd.DataFrame:
    """Others of them."""
    return digits()[1000 : 1000 + rows].reset_index(drop=True)


def scene(window: Window, config: MonitoringConfig | None = None, now: datetime = NOW) -> Scene:
    """A window of digits before the reference of digits."""
    return Scene(window, reference(), config or MonitoringConfig(), now, window.rows["time"])

"""One evaluation holds every metric and every slice, and says where it cannot judge."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.evaluate import SLICE_COLUMNS, evaluate
from evaluation.metrics import METRICS
from evaluation.predictions import Predictions


def make(slices: dict[str, list[str]], *, groups: list[str] | None = None, **changes: Any) -> Predictions:
    """Sixty binary predictions with the slices."""
    generator = np.random.default_rng(0)
    truth = np.arange(60) % 2
    sure = np.clip(0.3 + 0.4 * truth + generator.normal(0, 0.2, 60), 0.01, 0.99)
    parts: dict[str, Any] = {
        "hashes": [f"h{row}" for row in range(60)],
        "truth": truth,
        "probabilities": np.stack([1 - sure, sure], axis=1),
        "weights": np.ones(60),
        "groups": groups or [f"g{row // 2}" for row in range(60)],
        "slices": pd.DataFrame(slices, index=range(60)),
        "classes": ("good", "bad"),
    }
    return Predictions(**(parts | changes))


def test_evaluate__every_metric_and_slice() -> None:
    """All metrics have an interval around their estimate, and so has the large slice."""
    found = evaluate(make({"cell": ["mono"] * 45 + ["poly"] * 15}), metric="auc", seed=0, resamples=200)
    assert set(found.metrics) == set(METRICS)
    assert all(one.low < one.value < one.high for one in found.metrics.values())
    assert list(found.slices.columns) == SLICE_COLUMNS
    assert (found.samples, found.groups) == (60, 30)
    mono = found.slices.set_index("value").loc["mono"]
    assert mono["low"] < mono["estimate"] < mono["high"]
    assert mono["note"] == ""


def test_evaluate__small_slice() -> None:
    """Below 20 samples a slice has an estimate but no interval."""
    found = evaluate(make({"cell": ["mono"] * 41 + ["poly"] * 19}), metric="auc", seed=0, resamples=200)
    poly = found.slices.set_index("value").loc["poly"]
    assert poly["note"] == "too small"
    assert math.isnan(poly["low"])
    assert poly["estimate"] > 0.5


def test_evaluate__slice_of_one_group_or_class() -> None:
    """A slice that cannot be resampled, or has one class only, says so and stops nothing."""
    groups = ["same"] * 30 + [f"g{row}" for row in range(30)]
    column = {"half": ["first"] * 30 + ["second"] * 30, "odd": ["no", "yes"] * 30}
    found = evaluate(make(column, groups=groups), metric="auc", seed=0, resamples=200)
    assert found.slices.set_index("value")["note"].to_dict() == {
        "first": "one group",
        "second": "",
        "no": "undefined",
        "yes": "undefined",
    }


def test_evaluate__no_slices() -> None:
    """A domain without slices has an empty table with the same columns."""
    assert list(evaluate(make({}), metric="f1", seed=0, resamples=100).slices.columns) == SLICE_COLUMNS


def test_evaluate__one_class_only() -> None:
    """A metric that is undefined on the whole set is an error that names class and remedy."""
    with pytest.raises(EvaluationError, match=r"auc is undefined: the samples are all good; .*enlarge the split"):
        evaluate(make({}, truth=np.zeros(60, dtype=np.int64)), metric="auc", seed=0, resamples=100)

"""One evaluation holds every metric and every slice, and says where it cannot judge."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling
from evaluation.inference.calibration import calibration_error
from evaluation.inference.slices import judge_slices
from evaluation.predictions.metrics import METRICS
from evaluation.predictions.predictions import Predictions
from evaluation.report.evaluate import evaluate


def make(slices: dict[str, list[str]], **changes: Any) -> Predictions:
    """Sixty binary predictions with the slices, in pairs of one group."""
    generator = np.random.default_rng(0)
    truth = np.arange(60) % 2
    sure = np.clip(0.3 + 0.4 * truth + generator.normal(0, 0.2, 60), 0.01, 0.99)
    parts: dict[str, Any] = {
        "hashes": [f"h{row}" for row in range(60)],
        "truth": truth,
        "probabilities": np.stack([1 - sure, sure], axis=1),
        "weights": np.ones(60),
        "groups": [f"g{row // 2}" for row in range(60)],
        "slices": pd.DataFrame(slices, index=range(60)),
        "classes": ("good", "bad"),
    }
    return Predictions(**(parts | changes))


def test_evaluate__every_metric_slice_and_calibration() -> None:
    """All metrics have an interval around their estimate; slices and calibration are those of their own modules."""
    said = make({"cell": ["mono"] * 45 + ["poly"] * 15})
    found = evaluate(said, "auc", Resampling(seed=0, resamples=200))
    assert set(found.metrics) == set(METRICS)
    assert all(one.low < one.value < one.high for one in found.metrics.values())
    assert (found.samples, found.groups, found.level) == (60, 30, 0.95)
    assert found.slices.equals(judge_slices(said, "auc", Resampling(seed=0, resamples=200)))
    assert found.calibration == calibration_error(said, Resampling(seed=0, resamples=200))
    assert sum(one.samples for one in found.reliability) == 60


def test_evaluate__one_class_only() -> None:
    """A metric that is undefined on the whole set is an error that names class and remedy."""
    with pytest.raises(EvaluationError, match=r"auc is undefined: the samples are all good; .*enlarge the split"):
        evaluate(make({}, truth=np.zeros(60, dtype=np.int64)), "auc", Resampling(seed=0, resamples=100))

"""What the gate cannot decide on is one clear line, never a decision."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.predictions.predictions import Predictions
from registry.errors import GateError
from registry.gate.config import GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Measured

MEASURED = Measured(latency_ms=5.0, size_mb=20.0, parity=1e-6, parity_limit=1e-3, card_gaps=())
TRUTH = np.arange(40) % 2
PARTS: dict[str, Any] = {
    "hashes": [f"h{row}" for row in range(40)],
    "truth": TRUTH,
    "probabilities": np.eye(2)[TRUTH] * 0.8 + 0.1,
    "weights": np.ones(40),
    "groups": [f"g{row // 2}" for row in range(40)],
    "slices": pd.DataFrame(index=range(40)),
    "classes": ("good", "bad"),
}
CHAMPION = Predictions(**PARTS)


def judge(champion: Predictions | None = CHAMPION, measured: Measured = MEASURED, **changes: Any) -> None:
    """Sends a challenger to the gate that differs from the champion in what is named."""
    config = GateConfig(floor=0.1, resamples=100)
    decide(Predictions(**(PARTS | changes)), champion, config=config, measured=measured)


@pytest.mark.parametrize("name", ["latency_ms", "size_mb", "parity"])
def test_decide__what_is_no_measurement(name: str) -> None:
    """A latency of nan cannot pass as fast, nor a parity of nan as equal."""
    with pytest.raises(GateError, match=f"{name}=nan"):
        judge(measured=replace(MEASURED, **{name: float("nan")}))


def test_decide__other_classes_are_named() -> None:
    """Answers in other classes, which were not matched by name, are no comparison."""
    with pytest.raises(EvaluationError, match="classes good, bad and good, cracked differ"):
        judge(classes=("good", "cracked"))


def test_decide__test_sets_that_do_not_overlap() -> None:
    """Two test sets without a common sample are refused with their sizes."""
    with pytest.raises(EvaluationError, match="40 and 40 samples share 0 hashes; a pair needs the same samples"):
        judge(hashes=[f"x{row}" for row in range(40)])


def test_decide__other_samples() -> None:
    """A champion judged on some of the samples only is refused."""
    with pytest.raises(EvaluationError, match="30 and 40 samples share 30 hashes"):
        judge(CHAMPION.take(np.arange(30)))


def test_decide__one_class_only() -> None:
    """A test set with one class is an error, not a decision."""
    with pytest.raises(GateError, match=r"auc is undefined on the test set: .* hold good; .*enlarge the test split"):
        judge(champion=None, truth=np.zeros(40, dtype=np.int64))


def test_decide__one_group_only() -> None:
    """Samples that all stand or fall together are no evidence."""
    with pytest.raises(EvaluationError, match="1 group in 40 samples"):
        judge(champion=None, groups=["one"] * 40)


def test_decide__nan_probabilities() -> None:
    """A model that says nan never reaches the gate, and the sample is named."""
    broken = PARTS["probabilities"].copy()
    broken[7] = np.nan
    with pytest.raises(EvaluationError, match="probabilities of sample h7 are not finite"):
        judge(probabilities=broken)

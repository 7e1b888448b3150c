"""Predictions refuse what no metric could judge."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.predictions.predictions import Predictions, require_paired


def make(**changes: Any) -> Predictions:
    """Four good samples of two classes in two groups and two slices, with some parts changed."""
    parts: dict[str, Any] = {
        "hashes": ["a", "b", "c", "d"],
        "truth": np.array([0, 1, 0, 1]),
        "probabilities": np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]]),
        "weights": np.array([1.0, 2.0, 0.0, 1.0]),
        "groups": ["g2", "g1", "g2", "g1"],
        "slices": pd.DataFrame({"cell": ["mono", "poly", "mono", None]}),
        "classes": ("good", "bad"),
    }
    return Predictions(**(parts | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hashes": []}, "0 samples"),
        ({"groups": ["g"]}, "groups has 1 rows, hashes 4"),
        ({"slices": pd.DataFrame({"cell": ["mono"]})}, "slices has 1 rows"),
        ({"truth": np.array([0, 1, 2, 1])}, r"truth spans 0..2, outside 0..1"),
        ({"truth": np.array([0.0, 1.0, 0.0, 1.0])}, "truth is float64"),
        ({"classes": ("good",)}, "two or more different names"),
        ({"probabilities": np.full((4, 3), 1 / 3)}, r"shape \(4, 3\), not \(4, 2\)"),
        ({"probabilities": np.array([[0.5, 0.5], [np.nan, 0.5], [1, 0], [1, 0]])}, "sample b are not finite"),
        ({"probabilities": np.array([[0.5, 0.5], [0.5, 0.5], [2.0, 3.0], [1, 0]])}, "sample c are no distribution"),
        ({"probabilities": np.array([[1.5, -0.5], [0.5, 0.5], [0.5, 0.5], [1, 0]])}, "sample a are no distribution"),
        ({"weights": np.zeros(4)}, "not all zero"),
        ({"weights": np.array([1.0, -1.0, 1.0, 1.0])}, "not negative"),
    ],
)
def test_predictions__refuses_bad_parts(changes: dict[str, Any], message: str) -> None:
    """Every broken part is one error that says what and where."""
    with pytest.raises(EvaluationError, match=message):
        make(**changes)


def test_predictions__accepts_rounded_probabilities() -> None:
    """Sums within 0.001 of one pass, as float32 outputs need."""
    assert len(make(probabilities=np.full((4, 2), 0.4996))) == 4


def test_predictions__numbers_groups() -> None:
    """Samples of a group share a number."""
    predictions = make()
    assert predictions.group_index.tolist() == [1, 0, 1, 0]
    assert predictions.group_count == 2


def test_take__keeps_rows_together() -> None:
    """A mask selects the same rows of every part."""
    part = make().take(np.array([False, True, False, True]))
    assert part.hashes == ["b", "d"]
    assert part.truth.tolist() == [1, 1]
    assert part.groups == ["g1", "g1"]
    assert part.slices["cell"].tolist() == ["poly", None]


def test_slice_rows__leaves_out_missing_values() -> None:
    """A sample without a value is in no slice."""
    found = {value: mask.tolist() for _, value, mask in make().slice_rows()}
    assert found == {"mono": [True, False, True, False], "poly": [False, True, False, False]}


def test_slice_rows__empty() -> None:
    """A value that no sample has is an empty slice."""
    part = make()
    cells = part.slices.assign(cell=part.slices["cell"].astype("category").cat.add_categories("thin"))
    found = {value: mask.sum() for _, value, mask in replace(part, slices=cells).slice_rows()}
    assert found == {"mono": 2, "poly": 1, "thin": 0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hashes": ["a", "b", "c", "e"]}, "share 3 hashes"),
        ({"hashes": ["b", "a", "c", "d"]}, "same order"),
        ({"classes": ("good", "broken")}, "classes"),
        ({"truth": np.array([0, 1, 0, 0])}, "truth of the two models differ"),
        ({"weights": np.ones(4)}, "weights of the two models differ"),
    ],
)
def test_require_paired__refuses_other_samples(changes: dict[str, Any], message: str) -> None:
    """Two models are only compared on the same samples with the same labels."""
    with pytest.raises(EvaluationError, match=message):
        require_paired(make(), make(**changes))

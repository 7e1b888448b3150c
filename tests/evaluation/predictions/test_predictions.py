"""Predictions refuse what no metric could judge."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.predictions.predictions import Predictions, in_common, require_paired


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
        ({"groups": ["g1", "g2", "g1", "g2"]}, "groups of the two models differ"),
    ],
)
def test_require_paired__refuses_other_samples(changes: dict[str, Any], message: str) -> None:
    """Two models are only compared on the same samples with the same labels."""
    with pytest.raises(EvaluationError, match=message):
        require_paired(make(), make(**changes))


def test_in_common__samples_of_both_in_order():
    """Each keeps its own answers on the samples that both were judged on; without one there is nothing to compare."""
    first, second = make().take(np.array([0, 1])), make(probabilities=np.full((4, 2), 0.5)).take(np.array([1, 3]))
    found = in_common(first, second)
    assert found[0].hashes == found[1].hashes == ["b"]
    assert [one.probabilities.tolist() for one in found] == [[[0.2, 0.8]], [[0.5, 0.5]]]
    with pytest.raises(EvaluationError, match="share none"):
        in_common(first, make().take(np.array([2, 3])))


def test_among__as_if_asked_for_some_classes():
    """Samples of other classes go, their columns stay empty, and nothing at all is shared out equally."""
    said = np.array([[0.6, 0.2, 0.2], [0.0, 0.0, 1.0], [0.1, 0.1, 0.8], [0.0, 0.5, 0.5]])
    found = make(classes=("good", "bad", "odd"), truth=np.array([0, 1, 2, 1]), probabilities=said).among(
        ("good", "bad")
    )
    assert found.hashes == ["a", "b", "d"]
    assert found.probabilities == pytest.approx(np.array([[0.75, 0.25, 0], [0.5, 0.5, 0], [0, 1, 0]]))

"""How good a model is, class by class, and what it confuses."""

import math

import numpy as np
import pandas as pd

from evaluation.predictions.predictions import Predictions
from evaluation.report.summary import class_rows, confusions

NAMES = ("cat", "dog", "owl")


def make(truth: list[int], said: list[int]) -> Predictions:
    """A model that says what it is told to."""
    hashes = [str(row) for row in range(len(truth))]
    answers = np.eye(3)[said]
    slices = pd.DataFrame(index=range(len(truth)))
    return Predictions(hashes, np.array(truth), answers, np.ones(len(truth)), hashes, slices, NAMES)


def test_class_rows__least_found_first_beside_the_rival() -> None:
    """Recall and precision are those of the counts; a class without a sample stands last and is no zero."""
    truth = [0, 0, 0, 0, 1, 1]
    rows = class_rows(make(truth, [0, 1, 1, 1, 1, 1]), make(truth, [0, 0, 0, 0, 1, 0]))
    assert [(row.name, row.samples, row.recall, row.precision, row.rival) for row in rows[:2]] == [
        ("cat", 4, 0.25, 1.0, 1.0),
        ("dog", 2, 1.0, 0.4, 0.5),
    ]
    assert rows[2].name == "owl"
    assert math.isnan(rows[2].recall)


def test_confusions__commonest_first() -> None:
    """Mistakes by their number, each with how many there could have been; what did not happen is not told."""
    found = confusions(make([0, 0, 0, 1, 2], [1, 1, 0, 0, 2]), 5)
    assert [one.text for one in found] == ["cat taken for dog: 2 of 3", "dog taken for cat: 1 of 1"]

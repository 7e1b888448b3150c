"""Figures show the numbers that they are about."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling
from evaluation.predictions.predictions import Predictions
from evaluation.report.evaluate import evaluate
from evaluation.report.figures import confusion_matrix_figure, reliability_figure, sample_grid_figure, slice_figure


def make(truth: list[int], said: list[int], *, sure: float = 0.8, classes: int = 3) -> Predictions:
    """A model that says what it is told to, equally sure each time."""
    count = len(truth)
    probabilities = np.full((count, classes), (1 - sure) / (classes - 1))
    probabilities[np.arange(count), said] = sure
    hashes = [f"h{row}" for row in range(count)]
    slices = pd.DataFrame({"cell": [("mono", "poly")[row % 2] for row in range(count)]})
    names = tuple(f"class{index}" for index in range(classes))
    return Predictions(hashes, np.array(truth), probabilities, np.ones(count), hashes, slices, names)


def texts(axes: Any) -> list[str]:
    """The texts written into axes."""
    return [text.get_text() for text in axes.texts]


def test_confusion_matrix_figure__counts(tmp_path: Path) -> None:
    """Counts stand row by row, truth down and prediction across, and the file is written."""
    figure = confusion_matrix_figure(make([0, 0, 1, 2, 2], [0, 1, 1, 2, 0]))
    assert texts(figure.axes[0]) == ["1", "1", "0", "0", "1", "0", "1", "0", "1"]
    figure.savefig(tmp_path / "matrix.png")
    assert (tmp_path / "matrix.png").stat().st_size > 5000


def test_reliability_figure__curve_error_and_intervals() -> None:
    """Sure by 0.8 and right in half the cases is one point with its interval, and an error of about 0.3."""
    said = make([0, 0, 1, 1] * 50, [0, 1, 1, 0] * 50)
    figure = reliability_figure(said, evaluate(said, "accuracy", Resampling(seed=0, resamples=200)))
    assert figure.axes[0].get_title().startswith("Reliability, expected calibration error\n0.3")
    assert np.asarray(figure.axes[0].lines[1].get_xydata()).tolist() == [[pytest.approx(0.8), 0.5]]
    (ends,) = figure.axes[0].collections[0].get_segments()
    assert 0.4 < ends[0][1] < 0.5 < ends[1][1] < 0.6


def test_reliability_figure__binary_uses_the_last_class() -> None:
    """Two classes show the positive class's probability against its share."""
    said = make([0, 1], [0, 1], classes=2)
    figure = reliability_figure(said, evaluate(said, "accuracy", Resampling(seed=0, resamples=100)))
    assert figure.axes[1].get_xlabel() == "predicted probability of class1"
    assert len(np.asarray(figure.axes[0].lines[1].get_xydata())) == 2


def test_sample_grid_figure__worst_first() -> None:
    """Only errors are among the worst, and each names truth, prediction and probability."""
    predictions = make([0, 2, 2, 0], [0, 1, 1, 0])
    predictions.probabilities[1] = [0.0, 0.6, 0.4]
    figure = sample_grid_figure(np.zeros((4, 8, 8, 1), dtype=np.uint8), predictions, seed=0)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[:2] == ["true class2\nsaid class1 0.80", "true class2\nsaid class1 0.60"]
    assert len(titles) == 2 + 4


def test_sample_grid_figure__no_error_and_colour(tmp_path: Path) -> None:
    """A perfect model has a row of random samples only; colour images are drawn."""
    images = np.full((2, 8, 8, 3), 200, dtype=np.uint8)
    figure = sample_grid_figure(images, make([0, 1], [0, 1]), seed=0)
    assert len([axes for axes in figure.axes if axes.get_title()]) == 2
    figure.savefig(tmp_path / "grid.png")


def test_sample_grid_figure__wrong_images() -> None:
    """One image too few is an error that names both numbers."""
    with pytest.raises(EvaluationError, match=r"\(1, 8, 8, 3\) for 2 predictions"):
        sample_grid_figure(np.zeros((1, 8, 8, 3), dtype=np.uint8), make([0, 1], [0, 1]), seed=0)


def test_slice_figure__one_line_a_slice() -> None:
    """Slices are listed with their size; a small one is marked."""
    predictions = make([0, 1, 2] * 15, [0, 1, 0] * 15)
    figure = slice_figure(evaluate(predictions, "accuracy", Resampling(seed=0, resamples=100)))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["cell = mono (23)", "cell = poly (22)"]


def test_slice_figure__what_differs_is_red() -> None:
    """A slice that is wrong far more often than the rest is red and says by how much; one that is alike is blue."""
    truth, said = [0] * 160, [0, 1, 0, 1, 0, 0, 1, 1] * 20
    cells = pd.DataFrame({"cell": ["mono", "poly"] * 80, "lot": ["a"] * 80 + ["b"] * 80})
    predictions = replace(make(truth, said), slices=cells)
    axes = slice_figure(evaluate(predictions, "accuracy", Resampling(seed=0, resamples=200))).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "cell = mono (80)\n+0.500 to the rest, p < 0.001"
    assert labels[2] == "lot = a (80)"
    colours = [line.get_color() for line in axes.lines if line.get_marker() == "o"]
    assert colours == ["#b3382c", "#b3382c", "#2a6f97", "#2a6f97"]


def test_slice_figure__no_slices() -> None:
    """Without slices the figure says so."""
    predictions = make([0, 1, 2] * 5, [0, 1, 0] * 5)
    bare = Predictions(**{**vars(predictions), "slices": pd.DataFrame(index=range(15))})
    figure = slice_figure(evaluate(bare, "accuracy", Resampling(seed=0, resamples=100)))
    assert texts(figure.axes[0]) == ["this domain has no slices"]


def test_figures__leave_pyplot_alone() -> None:
    """Drawing loads no pyplot, whose global state is not safe in threads."""
    loaded = "matplotlib.pyplot" in sys.modules
    confusion_matrix_figure(make([0, 1], [0, 1]))
    assert ("matplotlib.pyplot" in sys.modules) == loaded

"""Figures of stress show the numbers and images that they are about."""

import numpy as np
import pandas as pd
import pytest

from evaluation.predictions.predictions import Predictions
from evaluation.stress.figures import corruption_strip_figure, robustness_figure, saliency_figure
from evaluation.stress.robustness import COLUMNS, Robustness


@pytest.fixture
def predictions():
    """Five samples, the first two judged wrongly."""
    truth, said = np.array([0, 1, 0, 1, 0]), np.array([1, 0, 0, 1, 0])
    names = [f"{row}" for row in range(5)]
    probabilities = np.eye(2)[said] * 0.8 + 0.1
    return Predictions(names, truth, probabilities, np.ones(5), names, pd.DataFrame(index=range(5)), ("dark", "light"))


@pytest.fixture
def robustness():
    """Two corruptions whose accuracy falls."""
    rows = [
        (kind, strength, measure, 1 - strength / 10, 0.2, 1.0)
        for kind in ("noise", "blur")
        for strength in (0.0, 3.0, 5.0)
        for measure in ("accuracy", "auc", "flipped")
    ]
    return Robustness(pd.DataFrame(rows, columns=COLUMNS), "auc", 100, 12)


def test_robustness_figure__curves(robustness):
    """One panel a corruption; its lines are the table's values, and the legend names them once."""
    figure = robustness_figure(robustness, title="Corrupted images", strength="severity")
    noise, blur = figure.axes
    assert [noise.get_title(), blur.get_title()] == ["noise", "blur"]
    assert list(noise.lines[0].get_ydata()) == [1.0, 0.7, 0.5]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["accuracy", "auc", "flipped decisions"]
    assert "100 samples in 12 groups" in figure.get_suptitle()


@pytest.mark.parametrize("channels", [1, 3])
def test_corruption_strip_figure__shows_the_ladder(channels):
    """The first column is the image itself, the others differ from it."""
    image = np.random.default_rng(0).integers(40, 200, (32, 32, channels), dtype=np.uint8)
    figure = corruption_strip_figure(image, corruptions=["noise", "contrast"], severities=[5, 1], seed=0)
    shown = [np.asarray(axes.images[0].get_array()).reshape(image.shape) for axes in figure.axes]
    assert [axes.get_title() for axes in figure.axes[:3]] == ["clean", "severity 1", "severity 5"]
    assert np.array_equal(shown[0], image)
    assert np.array_equal(shown[3], image)
    assert not any(np.array_equal(shown[place], image) for place in (1, 2, 4, 5))


def test_saliency_figure__pairs(predictions):
    """Each sample stands beside its heat; truth and decision are said, errors in red."""
    images, heat = np.zeros((5, 16, 16, 1), np.uint8), np.full((5, 16, 16), 0.5, np.float32)
    figure = saliency_figure(images, heat, predictions, errors=2, method="Grad-CAM")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[:2] == ["true dark", "said light 0.90"]
    assert len(titles) == 10
    assert len(figure.axes[1].images) == 2
    assert figure.axes[0].title.get_color() != figure.axes[8].title.get_color() == "black"


def test_saliency_figure__no_error(predictions):
    """A model without errors says so."""
    images, heat = np.zeros((3, 16, 16, 3), np.uint8), np.zeros((3, 16, 16), np.float32)
    figure = saliency_figure(images, heat, predictions.take(np.array([2, 3, 4])), errors=0, method="Grad-CAM")
    assert figure.subfigs[0].get_suptitle() == "Worst errors: none"

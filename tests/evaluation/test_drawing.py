"""What figures share: size, images as bright as they are, and names that fit."""

import sys

import numpy as np
import pytest

from evaluation.drawing import LONGEST_NAME, blank_figure, short, show_image


def test_blank_figure__size_and_no_pyplot() -> None:
    """Inches become pixels, and pyplot, whose global state is not safe in threads, is not loaded."""
    loaded = "matplotlib.pyplot" in sys.modules
    assert blank_figure(5, 2).bbox.size.tolist() == [600, 240]
    assert ("matplotlib.pyplot" in sys.modules) == loaded


@pytest.mark.parametrize("channels", [1, 3])
def test_show_image__keeps_the_brightness(channels: int) -> None:
    """A dark image stays dark: its own extremes do not stretch the scale."""
    axes = blank_figure(1, 1).subplots()
    show_image(axes, np.full((4, 5, channels), 9, dtype=np.uint8))
    (shown,) = axes.images
    assert np.shape(shown.get_array())[:2] == (4, 5)
    assert shown.get_clim() == (0, 255)


def test_short__cuts_long_names() -> None:
    """What fits stays; the rest ends in an ellipsis."""
    assert short("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    assert short("x" * 40) == "x" * (LONGEST_NAME - 1) + "…"

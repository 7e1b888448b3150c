"""Deep values keep their contrast, or are refused with the range to declare."""

import numpy as np
import pytest
from PIL import Image

from data.specs.levels import Levels, eight_bits, extent, flatness, likely_range


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ((0, 4095), (0, 4095)),
        ((0, 4096), (0, 8191)),
        ((0, 9000), None),
        ((0, 65535), None),
        ((0, 65536), (0, 131071)),
        ((-3, 2), (-3, 3)),
        ((0, 0.5), (0, 1)),
        ((0, 0), None),
    ],
)
def test_likely_range__bits_that_are_used(found, meant):
    """The bits that the values need, below 0 as well; what fills 16 bits, or is black, needs no other range."""
    assert likely_range(*found) == meant


def test_eight_bits__no_number_is_black():
    """A hole in a map of depths has one meaning on every machine, and so has what has no end."""
    image = Image.fromarray(np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32))
    assert np.asarray(eight_bits(image, (0, 1))).tolist() == [[0, 255, 0, 128]]


def test_extent__of_what_is_a_number():
    """Only finite values of deep images count."""
    assert extent(Image.fromarray(np.array([[np.nan, np.inf, 2, -1]], np.float32))) == (-1, 2)
    assert extent(Image.fromarray(np.array([[np.nan]], np.float32))) is None
    assert extent(Image.fromarray(np.zeros((2, 2), np.uint8))) is None


def test_flatness__is_no_fault_where_a_range_is_declared():
    """Whoever says what black and white are is believed."""
    image = Image.fromarray(np.array([[0, 900]], np.uint16))
    assert "value_range: [0, 1023], or [0, 65535]" in str(flatness(image, Levels(), cut=False))
    assert flatness(image, Levels((0, 65535)), cut=False) is None

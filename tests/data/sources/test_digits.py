"""scikit-learn's digits."""

from pathlib import Path

import numpy as np
import pytest

from data.errors import SourceError
from data.sources import DigitsSource
from data.specs.decoding import decode_image


def test_samples__all_and_some() -> None:
    """All 1,797, or the first of them, labelled with their number."""
    everything = list(DigitsSource(kind="digits").samples(Path(), "digit"))
    assert len(everything) == 1797
    assert {sample.labels["digit"] for sample in everything} == set("0123456789")
    assert list(DigitsSource(kind="digits", limit=5).samples(Path(), "digit")) == everything[:5]


def test_read__pixels_of_the_library() -> None:
    """The grey levels 0 to 16 are spread over 0 to 255."""
    from sklearn.datasets import load_digits

    image = np.asarray(decode_image(DigitsSource(kind="digits").read(Path(), "3"), "L"))
    assert (image == np.round(load_digits().images[3] * 255 / 16)).all()
    assert image.max() == 239  # level 15 of 16


@pytest.mark.parametrize("path", ["1797", "-1", "one"])
def test_read__no_such_digit(path: str) -> None:
    """A row that does not exist is named."""
    with pytest.raises(SourceError, match=f"digit '{path}' does not exist"):
        DigitsSource(kind="digits").read(Path(), path)

"""Specs: chosen by kind, named by a hash, and with an array to try a network on."""

import pytest

from data.specs.image import ImageExpectations, ImageSpec
from data.specs.spec import Spec, digest


def test_chosen__kind():
    """A mapping without a kind is an image; one of another kind is refused with those there are."""
    assert Spec.chosen({"size": 64}) == ImageSpec(size=64)
    with pytest.raises(ValueError, match=r"kind 'sound' does not exist; choose one of image"):
        Spec.chosen({"kind": "sound"})


def test_digest__tells_of_the_decoder(monkeypatch):
    """Code that decodes in another way gives another name to the same description."""
    before = digest(ImageSpec())
    monkeypatch.setattr("data.specs.spec.DECODER_VERSION", 2)
    assert digest(ImageSpec()) != before


def test_example__shape_and_type():
    """An empty array that a network for the spec takes."""
    example = ImageSpec(mode="RGB", size=16).example()
    assert (example.shape, example.dtype, example.any()) == ((16, 16, 3), "uint8", False)


def test_expectations__limit():
    """The bound on a sample's size is that of its kind."""
    assert ImageExpectations(max_pixels=100).limit == 100

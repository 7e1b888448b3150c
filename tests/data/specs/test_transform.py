"""Transforms: a spec with what the backbone expects; read back from JSON as what it was."""

import json

import pytest

from data.specs.image import ImageInput, ImageSpec, ImageTransform
from data.specs.spec import Spec, recorded
from data.specs.transform import BackboneInput, Transform

HALF = (0.5, 0.5, 0.5)


def test_read__of_its_kind():
    """The kind of sample tells which transform it is; a foreign one is refused."""
    transform = ImageTransform(image=ImageSpec(size=64), mean=HALF, std=HALF)
    found = Transform.read(transform.model_dump_json())
    assert (found, found.spec) == (transform, ImageSpec(size=64))
    with pytest.raises(ValueError, match="no spec of a known kind"):
        Transform.read('{"sound": {}}')


def test_read__with_the_version_of_the_decoder(monkeypatch):
    """What a later decoder recorded reads as the transform that it was, and the first leaves no mark."""
    transform = ImageTransform(image=ImageSpec(size=64), mean=HALF, std=HALF)
    assert recorded(transform) == transform.model_dump(mode="json")
    monkeypatch.setattr("data.specs.spec.DECODER_VERSION", 2)
    assert recorded(transform)["decoder"] == 2
    assert Transform.read(json.dumps(recorded(transform))) == transform


def test_hash__tells_the_normalisation():
    """The same pixels for another backbone are another transform."""
    one, other = (ImageTransform(image=ImageSpec(), mean=HALF, std=(std,) * 3) for std in (0.5, 0.25))
    assert one.hash != other.hash


def test_backbone_input__transform():
    """A backbone's input takes the domain's spec as it is and adds its own normalisation."""
    given = {"size": 224, "crop": 0.9, "interpolation": "bicubic", "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}
    found = BackboneInput.chosen(given)
    assert (type(found), found.length) == (ImageInput, 224)
    assert found.transform(ImageSpec(size=48)).model_dump()["mean"] == (0.1, 0.2, 0.3)
    assert found.transform(ImageSpec(size=48)).spec.size == 48


def test_kinds__a_variant_replaces_none():
    """A subclass of a kind that names no kind of its own leaves the family as it was."""

    class Narrow(ImageTransform):
        pass

    class Small(ImageSpec):
        pass

    assert Transform.kinds["image"] is ImageTransform
    assert type(Spec.chosen({"size": 64})) is ImageSpec

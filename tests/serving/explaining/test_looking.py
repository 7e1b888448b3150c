"""The picture of where a network looks."""

import io

import numpy as np
import pytest
from PIL import Image

from data.errors import SampleError
from registry.errors import PackageError
from registry.store.models import model_version
from serving.explaining.looking import SMALLEST, looked_at, picture


@pytest.fixture
def folder(registered):
    """The folder of a registered package."""
    return model_version("photos", registered()).folder


def test_looked_at__a_picture_with_heat(folder, shade):
    """It is large enough to be looked at, and not the image alone."""
    method, content = looked_at(folder, shade(200, side=40))
    with Image.open(io.BytesIO(content)) as found:
        colours = np.asarray(found.convert("RGB")).astype(int)
    assert method in {"Grad-CAM", "integrated gradients"}
    assert min(colours.shape[:2]) >= SMALLEST


def test_looked_at__no_image(folder, monkeypatch):
    """That is the sample's fault; an altered package is not."""
    with pytest.raises(SampleError, match="not an image"):
        looked_at(folder, b"no picture")
    (folder / "weights.safetensors").write_bytes(b"other")
    with pytest.raises(PackageError, match="weights"):
        looked_at(folder, b"no picture")


def test_picture__heat_is_seen_where_it_is():
    """Without heat a pixel is as it was, with much it is red."""
    image, heat = np.full((2, 2, 1), 100, np.uint8), np.array([[0, 1], [0, 0]], np.float32)
    found = np.asarray(picture(image, heat))
    assert found.shape == (SMALLEST, SMALLEST, 3)
    assert found[0, 0].tolist() == found[-1, -1].tolist() == [100, 100, 100]
    red, green, blue = found[0, -1].tolist()
    assert red > 150 > green > blue

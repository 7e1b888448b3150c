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


def test_looked_at__a_picture_with_heat(folder):
    """It is large enough to be looked at; of a grey image it is red in some places and not in all."""
    grey = np.full((40, 40), 90, np.uint8)
    grey[8:20, 8:20] = np.random.default_rng(0).integers(150, 250, (12, 12))
    sent = io.BytesIO()
    Image.fromarray(grey).save(sent, "PNG")
    method, content = looked_at(folder, sent.getvalue())
    with Image.open(io.BytesIO(content)) as found:
        colours = np.asarray(found.convert("RGB")).astype(int)
    assert method in {"Grad-CAM", "integrated gradients"}
    assert min(colours.shape[:2]) >= SMALLEST
    red = colours[..., 0] - colours[..., 2]
    assert red.min() == 0 < red.max()


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

"""The module that is handed over: it sees of a file just what the package's own transform sees."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.specs.image import ImageSpec
from registry.shipped.image_model import pixels

SHAPE = (41, 90)


def _files(folder: Path) -> list[Path]:
    """One file of each kind that is treated in a way of its own."""
    random, turned = np.random.default_rng(0), Image.Exif()
    turned[274] = 6  # a quarter to the right
    grey = random.integers(0, 256, SHAPE).astype(np.uint8)
    bands = {mode: Image.merge(mode, [Image.fromarray(grey)] * len(mode)) for mode in ("RGB", "RGBA", "LA", "CMYK")}
    floats = random.random(SHAPE, np.float32) * 9000 - 2000
    floats[0, :3] = np.nan, np.inf, -np.inf
    images: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "grey.png": (Image.fromarray(grey), {}),
        "upright.jpg": (bands["RGB"], {"exif": turned}),
        "clear.png": (bands["RGBA"], {}),
        "clear-grey.png": (bands["LA"], {}),
        "one-clear-colour.png": (Image.fromarray(grey).convert("P"), {"transparency": 7}),
        "print.jpg": (bands["CMYK"], {}),
        "deep.png": (Image.fromarray(random.integers(0, 4096, SHAPE).astype(np.uint16)), {}),
        "strip.png": (Image.fromarray(grey[:1]), {}),
        "float.tif": (Image.fromarray(floats), {}),
    }
    for name, (image, options) in images.items():
        image.save(folder / name, **options)
    return [folder / name for name in images]


@pytest.mark.parametrize("fit", ["crop", "letterbox", "squash"])
def test_pixels__as_the_spec_decodes(tmp_path: Path, fit: Any) -> None:
    """Every kind of file under every setting gives the same array as the package's own decoder."""
    files, differing = _files(tmp_path), []
    settings = itertools.product(("L", "RGB"), (1.0, 0.8), (None, (-900.0, 4095.0)), ("black", "white"))
    for mode, crop, levels, background in settings:
        method: Any = "bicubic" if crop == 1 else "bilinear"
        spec = ImageSpec.model_validate(
            {"mode": mode, "size": 32, "crop": crop, "fit": fit, "value_range": levels, "background": background,
             "interpolation": method}
        )  # fmt: skip
        told = json.loads(spec.model_dump_json())
        same = {one.name: np.array_equal(pixels(str(one), told), spec.decode(one.read_bytes())) for one in files}
        differing += [(name, told) for name, equal in same.items() if not equal]
    assert differing == []

"""The transform spec: one description, one code path, one hash."""

import io
import resource
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data.errors import SampleError
from data.specs.decoding import image_facts
from data.specs.image import ImageSpec, ImageTransform


@pytest.mark.parametrize("seed", range(12))
def test_decode__always_gives_its_shape(helpers: Any, seed: int) -> None:
    """Whatever the image's size and mode, the result has the spec's shape."""
    random = np.random.default_rng(seed)
    height, width = random.integers(8, 200, 2)
    mode = ["L", "RGB"][seed % 2]
    spec = ImageSpec(mode=mode, size=int(random.integers(8, 64)), crop=float(random.uniform(0.3, 1)))  # type: ignore[arg-type]
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    decoded = spec.decode(helpers.encoded(pixels))
    assert decoded.shape == spec.shape == (spec.size, spec.size, 1 if mode == "L" else 3)
    assert decoded.dtype == np.uint8


def test_decode__leaves_a_fitting_image_alone(helpers: Any) -> None:
    """An image of the wanted size passes pixel by pixel."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    assert (ImageSpec(mode="L", size=16, crop=1.0).decode(helpers.encoded(pixels))[:, :, 0] == pixels).all()


@pytest.mark.parametrize("filtered", ["bicubic", "bilinear"])
def test_decode__resizes_as_pillow_does(helpers: Any, filtered: Any) -> None:
    """A square image without crop is what Pillow's filter gives."""
    pixels = np.random.default_rng(0).integers(0, 256, (30, 30), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((20, 20), Image.Resampling[filtered.upper()]))
    spec = ImageSpec(mode="L", size=20, crop=1.0, interpolation=filtered)
    assert (spec.decode(helpers.encoded(pixels))[:, :, 0] == expected).all()


def test_decode__keeps_the_centre(helpers: Any) -> None:
    """A wide image loses its sides, and `crop` takes an equal rim off all four."""
    pixels = np.zeros((16, 48), np.uint8)
    pixels[:, 16:32] = 200
    assert (ImageSpec(mode="L", size=16, crop=1.0).decode(helpers.encoded(pixels)) == 200).all()
    rim = np.full((32, 32), 90, np.uint8)
    rim[8:24, 8:24] = 200
    assert (ImageSpec(mode="L", size=16, crop=0.5).decode(helpers.encoded(rim)) == 200).all()


def test_decode__long_strip_needs_little_memory(helpers: Any) -> None:
    """A strip within the pixel limit is not blown up to gigabytes on its way to a square."""
    content = helpers.encoded(np.full((8, 1_000_000), 77, np.uint8))
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (6 * 2**30, hard))
    try:
        decoded = ImageSpec(mode="L", size=224).decode(content)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    assert (decoded == 77).all()


def test_decode__grey_for_a_colour_network(helpers: Any) -> None:
    """A grey image gives three equal channels."""
    decoded = ImageSpec(mode="RGB", size=8, crop=1.0).decode(helpers.encoded(np.full((8, 8), 9, np.uint8)))
    assert (decoded == 9).all()


def test_decode__refuses_over_the_limit(helpers: Any) -> None:
    """The limit of the caller counts."""
    with pytest.raises(SampleError, match="8x8 is over 63 pixels"):
        ImageSpec().decode(helpers.encoded(np.zeros((8, 8), np.uint8)), limit=63)


@pytest.mark.parametrize(("shape", "lines"), [((10, 40), 4), ((40, 10), 4), ((10, 6000), 1)])
def test_decode__letterbox_keeps_all(helpers: Any, shape: tuple[int, int], lines: int) -> None:
    """The whole image lies in the middle of its background, and of the longest strip a line is left."""
    content = helpers.encoded(np.full(shape, 100, np.uint8))
    for background, value in (("black", 0), ("white", 255)):
        spec = ImageSpec(mode="L", size=16, fit="letterbox", background=background)
        pixels = spec.decode(content)[:, :, 0]
        pixels = pixels if shape[0] < shape[1] else pixels.T
        kept = pixels[(16 - lines) // 2 :][:lines]
        assert ((kept == 100).all(), int((pixels == value).sum())) == (True, 16 * (16 - lines))


def test_decode__squash_keeps_all(helpers: Any) -> None:
    """Both ends of an oblong image are there, as in Pillow's plain resize."""
    pixels = np.random.default_rng(0).integers(0, 256, (10, 40), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((16, 16), Image.Resampling.BICUBIC))
    spec = ImageSpec(mode="L", size=16, fit="squash")
    assert (spec.decode(helpers.encoded(pixels))[:, :, 0] == expected).all()


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
def test_encode__without_a_border(fit):
    """Where nothing is cropped, the pixels are the whole file."""
    spec = ImageSpec(mode="RGB", size=21, fit=fit)
    image = np.random.default_rng(0).integers(0, 256, spec.shape, dtype=np.uint8)
    assert np.array_equal(spec.decode(spec.encode(image)), image)


def test_hash__of_before_holds() -> None:
    """What is left as it ever was is no part of the description, and what is not is."""
    assert set(ImageSpec().model_dump()) == {"kind", "mode", "size", "crop", "interpolation"}
    changes: list[dict[str, Any]] = [{}, {"fit": "squash"}, {"background": "white"}, {"value_range": (0.0, 1.0)}]
    assert len({ImageSpec(**change).hash for change in changes}) == 4


def test_hash__tells_every_field() -> None:
    """Each field changes the hash; equal specs have equal hashes."""
    changes: list[dict[str, Any]] = [{}, {"mode": "L"}, {"size": 32}, {"crop": 0.5}, {"interpolation": "bilinear"}]
    specs = [ImageSpec(**change) for change in changes]
    normalised = [
        ImageTransform(image=spec, mean=(mean, 0.5, 0.5), std=(std, 0.5, 0.5))
        for spec in specs for mean in (0.4, 0.5) for std in (0.4, 0.5)
    ]  # fmt: skip
    assert len({spec.hash for spec in [*specs, *normalised]}) == 25
    assert ImageSpec(size=32).hash == specs[2].hash


def test_hash__survives_its_file() -> None:
    """A spec that was written and read is the same, since packages carry it."""
    spec = ImageTransform(image=ImageSpec(crop=0.9), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    assert ImageTransform.model_validate_json(spec.model_dump_json()).hash == spec.hash


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("crop", [1.0, 0.875, 0.6])
def test_encode__decodes_to_the_image(mode, crop):
    """The file that serving would get is decoded to the very pixels, border or not."""
    spec = ImageSpec(mode=mode, size=37, crop=crop)
    image = np.random.default_rng(0).integers(0, 256, spec.shape, dtype=np.uint8)
    assert np.array_equal(spec.decode(spec.encode(image)), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_shrink__without_aliasing(channels):
    """A fine checkerboard becomes its mean grey instead of a coarse pattern; the stored size stays as it is."""
    board = np.indices((64, 64)).sum(axis=0) % 2 * 200
    images = np.repeat(board[None, ..., None], channels, axis=3).astype(np.uint8)
    small = ImageSpec().shrink(images, 24)
    assert (small.shape, small.dtype) == ((1, 24, 24, channels), np.uint8)
    assert np.abs(small[:, 2:-2, 2:-2].astype(int) - 100).max() < 30
    assert ImageSpec().shrink(images, 64) is images


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 3), ("LA", 1), ("P", 3), ("1", 1), ("CMYK", 4), ("I;16", 1)]
)
def test_look__size_and_channels(mode: str, channels: int) -> None:
    """What the head of a file tells, transparency and palette aside; validation's facts recall the same."""
    buffer = io.BytesIO()
    Image.new(mode, (40, 30)).save(buffer, "TIFF")
    spec, facts = ImageSpec(), image_facts(buffer.getvalue())
    told = {"width": 40, "height": 30, "channels": channels}
    assert spec.look(buffer.getvalue()) == told
    recalled = spec.recall(pd.DataFrame([vars(facts)]))
    assert {name: values[0] for name, values in recalled.items()} == told
    assert spec.watched == ("brightness", *told)


def test_look__no_picture() -> None:
    """Bytes that are none have no size, and a manifest of an earlier release recalls nothing."""
    assert ImageSpec().look(b"text") == {}
    assert ImageSpec().recall(pd.DataFrame({"hash": ["h"]})) == {}

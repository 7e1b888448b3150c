"""Decoding one image file safely: every file either becomes an array or says what is wrong with it."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageMode, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from data.errors import SampleError
from data.specs.foreign import foreign_kind
from data.specs.levels import DEEP, FULL, USUAL, Levels, Range, eight_bits, extent, flatness

PIXEL_LIMIT = 50_000_000
PAGED = {"MPO", "TIFF"}
ALPHA = {"RGBA", "LA", "PA"}
TILE_WIDTH, TILE_HEIGHT = 322, 323  # tags of TIFF


@dataclass(frozen=True)
class ImageFacts:
    """What validation wants to know of a file without keeping its pixels."""

    error: str | None = None
    width: int = 0
    height: int = 0
    mode: str = ""
    frames: int = 0
    brightness: float = 0.0


def image_facts(content: bytes, max_pixels: int = PIXEL_LIMIT, levels: Levels = USUAL) -> ImageFacts:
    """Facts of one file; a file that cannot be decoded has its reason in `error`."""
    try:
        with _opened(content, max_pixels) as image:
            return _facts(image, levels)
    except SampleError as error:
        return ImageFacts(error=str(error))


def image_head(content: bytes) -> tuple[tuple[int, int], str] | None:
    """Width and height, and mode, as the head of a file tells; None: it is no image."""
    try:
        with _opened(content, PIXEL_LIMIT) as image:
            return image.size, image.mode
    except SampleError:
        return None


def channels_of(mode: str) -> float:
    """How many channels a picture of that mode has without its transparency; one of a palette has three."""
    if mode in {"P", "PA"}:
        return 3.0
    return float(sum(band not in {"A", "a"} for band in ImageMode.getmode(mode).bands)) if mode else 0.0


def decode_image(content: bytes, mode: str, max_pixels: int = PIXEL_LIMIT, levels: Levels = USUAL) -> Image.Image:
    """Decodes a file to `mode` (L or RGB), upright: deep values scale to 8 bits, alpha is laid over a background.

    Raises:
        SampleError: empty, truncated, no image, or more than `max_pixels` pixels.
    """
    with _opened(content, max_pixels) as image:
        return _to_mode(image, mode, levels)


def image_brightness(pixels: npt.NDArray[np.uint8]) -> float:
    """Mean value of an image, 0 to 255."""
    return float(pixels.mean())


def _facts(image: Image.Image, levels: Levels) -> ImageFacts:
    width, height, frames, cut = *image.size, _frames(image), _loses_half(image)
    pixels = np.asarray(_to_mode(image, "L", levels))
    if (fault := flatness(image, levels, cut)) is not None:
        return ImageFacts(error=fault)
    return ImageFacts(None, width, height, _told_mode(image), frames, image_brightness(pixels))


def _opened(content: bytes, max_pixels: int) -> Image.Image:
    if not content:
        raise SampleError("the file is empty; replace it or leave it out")
    if (kind := foreign_kind(content)) is not None:
        raise SampleError(f"it is {kind}")
    with _faults("not an image or too large"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = Image.open(io.BytesIO(content))
        pieces = [image.size, _tile(image)]
    for width, height in pieces:
        if width * height > max_pixels:
            raise SampleError(
                f"{width}x{height} is over {max_pixels} pixels; shrink it or raise expectations.max_pixels "
                "(of requests: REGRAFT_SERVING__MAX_PIXELS)"
            )
    return image


def _tile(image: Image.Image) -> tuple[int, int]:
    """Width and height of a TIFF's tiles, each of which is decoded whole, however small the picture in it is."""
    tags: Any = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    return int(tags.get(TILE_WIDTH, 0)), int(tags.get(TILE_HEIGHT, 0))


def _frames(image: Image.Image) -> int:
    """Frames of an animation; the pages of an MPO or TIFF file are no animation, and the first is the picture."""
    if image.format in PAGED:
        return 1
    with _faults("frames cannot be counted"):
        return int(getattr(image, "n_frames", 1))


def deep_range(content: bytes) -> Range | None:
    """Lowest and highest value of a file of 16 bits or floats; None for any other file."""
    try:
        with _opened(content, PIXEL_LIMIT) as image, _faults("cannot be decoded"):
            return extent(image)
    except SampleError:
        return None


def _loses_half(image: Image.Image) -> bool:
    """Whether a file has 16 bits a colour, of which Pillow reads the upper 8; known only before it is decoded."""
    return image.mode not in DEEP and any(";16" in str(tile) for tile in getattr(image, "tile", []))


def _told_mode(image: Image.Image) -> str:
    """The mode of a decoded image, without an alpha channel that hides nothing."""
    if image.mode not in ALPHA and "transparency" not in image.info:
        return image.mode
    opaque = image.convert("RGBA").getchannel("A").getextrema()[0] == 255
    return image.mode.removesuffix("A") if opaque else f"{image.mode.removesuffix('A')}A"


def _to_mode(image: Image.Image, mode: str, levels: Levels) -> Image.Image:
    """The decode itself happens here, so a truncated file is found here."""
    with _faults("cannot be decoded"):
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode in DEEP:
            upright = eight_bits(upright, levels.value_range or FULL)
        if upright.mode in ALPHA or "transparency" in upright.info:
            alpha = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", alpha.size, levels.background), alpha).convert("RGB")
        return upright.convert(mode)


@contextmanager
def _faults(what: str) -> Iterator[None]:
    """Turns every fault into an SampleError: a damaged file makes Pillow's plugins raise almost anything."""
    try:
        yield
    except Exception as error:
        raise SampleError(f"{what} ({_plain(error)}); replace it or leave it out") from error


def _plain(error: BaseException) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return "Pillow reads no more than 178956970 pixels: shrink it"
    return " ".join(str(error).split("<_io")[0].split()) or type(error).__name__

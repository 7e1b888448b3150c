"""Decoding one image file safely: every file either becomes an array or says what is wrong with it."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from data.errors import SampleError

PIXEL_LIMIT = 50_000_000
PAGED = {"MPO", "TIFF"}


@dataclass(frozen=True)
class ImageFacts:
    """What validation wants to know of a file without keeping its pixels."""

    error: str | None = None
    width: int = 0
    height: int = 0
    mode: str = ""
    frames: int = 0
    brightness: float = 0.0


def image_facts(content: bytes, max_pixels: int = PIXEL_LIMIT) -> ImageFacts:
    """Facts of one file; a file that cannot be decoded has its reason in `error`."""
    try:
        with _opened(content, max_pixels) as image:
            width, height, mode, frames = *image.size, image.mode, _frames(image)
            return ImageFacts(None, width, height, mode, frames, image_brightness(np.asarray(_to_mode(image, "L"))))
    except SampleError as error:
        return ImageFacts(error=str(error))


def decode_image(content: bytes, mode: str, max_pixels: int = PIXEL_LIMIT) -> Image.Image:
    """Decodes a file to `mode` (L or RGB), upright: 16 bits scale to 8, alpha is laid over black, CMYK is converted.

    Raises:
        SampleError: empty, truncated, no image, or more than `max_pixels` pixels.
    """
    with _opened(content, max_pixels) as image:
        return _to_mode(image, mode)


def image_brightness(pixels: npt.NDArray[np.uint8]) -> float:
    """Mean value of an image, 0 to 255."""
    return float(pixels.mean())


def _opened(content: bytes, max_pixels: int) -> Image.Image:
    if not content:
        raise SampleError("the file is empty; replace it or drop it from the source")
    with _faults("not an image or too large"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = Image.open(io.BytesIO(content))
    if image.width * image.height > max_pixels:
        raise SampleError(
            f"{image.width}x{image.height} is over {max_pixels} pixels; shrink it or raise expectations.max_pixels"
        )
    return image


def _frames(image: Image.Image) -> int:
    """Frames of an animation; the pages of an MPO or TIFF file are no animation, and the first is the picture."""
    if image.format in PAGED:
        return 1
    with _faults("frames cannot be counted"):
        return int(getattr(image, "n_frames", 1))


def _to_mode(image: Image.Image, mode: str) -> Image.Image:
    """The decode itself happens here, so a truncated file is found here."""
    with _faults("cannot be decoded"):
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode in {"I;16", "I;16B", "I;16L", "I", "F"}:
            upright = _to_eight_bits(upright)
        if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
            alpha = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", alpha.size, "black"), alpha).convert("RGB")
        return upright.convert(mode)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scales by the format's full range, never by the image's own, so that brightness keeps its meaning."""
    values = np.asarray(image, dtype=np.float64)
    return Image.fromarray(np.clip(values / 257.0, 0, 255).round().astype(np.uint8), mode="L")


@contextmanager
def _faults(what: str) -> Iterator[None]:
    """Turns every fault into an SampleError: a damaged file makes Pillow's plugins raise almost anything."""
    try:
        yield
    except Exception as error:
        raise SampleError(f"{what} ({_plain(error)}); replace it or drop it from the source") from error


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split("<_io")[0].split()) or type(error).__name__

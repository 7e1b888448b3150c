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
DEEP = {"I;16", "I;16B", "I;16L", "I", "F"}
FULL = (0.0, 65535.0)
USED = 1 / 8  # of the range: below it hardly 32 of 256 grey levels are left


@dataclass(frozen=True)
class Levels:
    """How the values of a file become grey levels: the range of deep files, and what lies under transparency."""

    value_range: tuple[float, float] | None = None
    background: str = "black"


USUAL = Levels()


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
            width, height, mode, frames = *image.size, image.mode, _frames(image)
            pixels = np.asarray(_to_mode(image, "L", levels))
            _refuse_flat(image, levels)
            return ImageFacts(None, width, height, mode, frames, image_brightness(pixels))
    except SampleError as error:
        return ImageFacts(error=str(error))


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


def likely_white(content: bytes) -> int | None:
    """What most likely is white in a deep file that uses little of its range: 1, or one less than a power of two."""
    try:
        with _opened(content, PIXEL_LIMIT) as image:
            return _likely_white(image)
    except (SampleError, OSError):
        return None


def _likely_white(image: Image.Image) -> int | None:
    if image.mode not in DEEP:
        return None
    highest = float(np.asarray(image, dtype=np.float64).max())
    if highest >= FULL[1] * USED:
        return None
    return 1 if highest <= 1 else 2 ** int(np.ceil(np.log2(highest + 1))) - 1


def _refuse_flat(image: Image.Image, levels: Levels) -> None:
    """Refuses deep values that would leave hardly any contrast, unless the domain says what they mean."""
    white = _likely_white(image) if levels.value_range is None else None
    if white is not None:
        raise SampleError(
            "its values use so little of the range of 65535 that hardly any contrast is left in 8 bits; declare what "
            f"is white, such as data.transform.value_range: [0, {white}]"
        )


def _to_mode(image: Image.Image, mode: str, levels: Levels) -> Image.Image:
    """The decode itself happens here, so a truncated file is found here."""
    with _faults("cannot be decoded"):
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode in DEEP:
            upright = _to_eight_bits(upright, levels.value_range or FULL)
        if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
            alpha = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", alpha.size, levels.background), alpha).convert("RGB")
        return upright.convert(mode)


def _to_eight_bits(image: Image.Image, value_range: tuple[float, float]) -> Image.Image:
    """Scales by a range that is declared or the format's, never by the image's own: brightness keeps its meaning."""
    black, white = value_range
    values = (np.asarray(image, dtype=np.float64) - black) * (255 / (white - black))
    return Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8), mode="L")


@contextmanager
def _faults(what: str) -> Iterator[None]:
    """Turns every fault into an SampleError: a damaged file makes Pillow's plugins raise almost anything."""
    try:
        yield
    except Exception as error:
        raise SampleError(f"{what} ({_plain(error)}); replace it or drop it from the source") from error


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split("<_io")[0].split()) or type(error).__name__

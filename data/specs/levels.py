"""How the values of deep files, of 16 bits or floats, become 256 grey levels."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

DEEP = {"I;16", "I;16B", "I;16L", "I", "F"}
FULL = (0.0, 65535.0)
USED = 1 / 8  # of the range: below it hardly 32 of 256 grey levels are left
Range = tuple[float, float]


@dataclass(frozen=True)
class Levels:
    """How the values of a file become grey levels: the range of deep files, and what lies under transparency."""

    value_range: Range | None = None
    background: str = "black"


USUAL = Levels()


def likely_range(lowest: float, highest: float) -> Range | None:
    """What most likely is black and white in deep files of these values; None where 0 and 65535 may be meant.

    White is 1 or one less than a power of two, black is 0 or as far below it.
    """
    if lowest >= 0 and (highest <= 0 or FULL[1] * USED <= highest <= FULL[1]):
        return None
    most = max(highest, -lowest)
    white = 1.0 if most <= 1 else float(2 ** int(np.ceil(np.log2(most + 1))) - 1)
    return (-white if lowest < 0 else 0.0), white


def extent(image: Image.Image) -> Range | None:
    """Lowest and highest of the finite values of a deep image."""
    values = np.asarray(image, dtype=np.float64) if image.mode in DEEP else np.array([])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else None


def eight_bits(image: Image.Image, value_range: Range) -> Image.Image:
    """Scales by a range that is declared or the format's, never by the image's own: brightness keeps its meaning.

    What is no number is black.
    """
    black, white = value_range
    found = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=black, posinf=white, neginf=black)
    values = (found - black) * (255 / (white - black))
    return Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8), mode="L")


def flatness(image: Image.Image, levels: Levels, cut: bool) -> str | None:
    """Why a decoded image has hardly any contrast though its file has; None where the domain says what values mean.

    `cut` says that the file has 16 bits a colour, of which only the upper 8 were read.
    """
    colours = [image.convert("RGB").getchannel(band).getextrema()[1] for band in "RGB"] if cut else []
    if colours and 0 < max(colours) < 255 * USED:  # type: ignore[operator]
        return (
            "it has 16 bits a colour, of which the upper 8 are read, and uses hardly any of them; save it with 8 bits "
            "a colour, spread over the range"
        )
    found = extent(image) if levels.value_range is None else None
    meant = likely_range(*found) if found is not None else None
    if found is None or meant is None:
        return None
    usual = f", or [0, {FULL[1]:.0f}] where files may be so dark" if 1 < found[1] < FULL[1] else ""
    return (
        f"its values use so little of 0 to {FULL[1]:.0f}, or lie so far outside, that hardly any contrast is left; "
        f"declare black and white, such as data.transform.value_range: [{meant[0]:.0f}, {meant[1]:.0f}]{usual}"
    )

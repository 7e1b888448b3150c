"""What the figures of this room have in common: colours, the empty figure, an image in its axes, names that fit."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, RED, GREEN, GREY = "#2a6f97", "#b3382c", "#4f8a5b", "#8a8f98"
LONGEST_NAME = 18


def blank_figure(width: float, height: float) -> "Figure":
    """An empty figure of that size in inches; not pyplot's, so that it works in any thread and leaves no state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def show_image(axes: "Axes", image: npt.NDArray[np.uint8]) -> None:
    """Draws uint8 [H, W, C], C is 1 or 3, with the brightness that it has."""
    axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)


def short(name: str) -> str:
    """The name, cut to LONGEST_NAME letters."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"

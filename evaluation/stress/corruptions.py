"""Disturbances that a camera meets, each on a ladder from 0 (untouched) to 5 (a person would complain).

The idea of common corruptions at five severities is that of Hendrycks and Dietterich 2019, "Benchmarking Neural
Network Robustness to Common Corruptions and Perturbations". The steps are Regraft's own, chosen by eye: they are
shares of the image's side where a length is meant, so that they mean the same at 32 as at 224 pixels; most are weaker
than ImageNet-C's, whose upper steps no working sensor delivers. Numbers are not comparable with that benchmark's.
"""

from collections.abc import Callable
from math import ceil

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from data.specs.spec import Array
from evaluation.errors import EvaluationError
from evaluation.stress.config import STRONGEST, CorruptionName

LADDER: dict[CorruptionName, tuple[float, float, float, float, float]] = {
    "noise": (0.01, 0.02, 0.04, 0.07, 0.11),  # standard deviation, share of the range
    "blur": (0.009, 0.012, 0.015, 0.019, 0.024),  # standard deviation, share of the side
    "brightness": (1.1, 1.2, 1.35, 1.6, 2.0),  # exposure too long or too short by this factor
    "contrast": (0.8, 0.6, 0.45, 0.3, 0.2),  # share of the contrast that is left
    "jpeg": (70, 45, 25, 15, 8),  # quality
    "occlusion": (0.1, 0.2, 0.3, 0.4, 0.5),  # side of a black square, share of the image's
    "rotation": (3, 6, 10, 16, 25),  # degrees, either way
}


def corrupt(images: Array, corruption: CorruptionName, severity: int, *, seed: int) -> Array:
    """Returns uint8 images [N, H, W, C] (C is 1 or 3) at a severity of 0 (as they are) to 5; `images` is not changed.

    The same seed gives the same pixels, and the same places and directions at every severity.

    Raises:
        EvaluationError: severity or images are of another kind.
    """
    if not 0 <= severity <= STRONGEST:
        raise EvaluationError(f"severity {severity} is outside 0..{STRONGEST}; correct stress.severities")
    if images.dtype != "uint8" or images.ndim != 4 or images.shape[-1] not in {1, 3}:
        raise EvaluationError(f"images are {images.dtype} {images.shape}; pass uint8 [N, H, W, 1 or 3]")
    if severity == 0:
        return images.copy()
    pixels = torch.tensor(images).permute(0, 3, 1, 2)
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global generator
        torch.manual_seed(seed)
        changed = _CORRUPTIONS[corruption](pixels, LADDER[corruption][severity - 1])
    result: Array = changed.permute(0, 2, 3, 1).contiguous().numpy()
    return result


def _blur(images: Tensor, share: float) -> Tensor:
    """One pass across and one down: torchvision's own kernel is square, which is 20 times slower for wide ones."""
    side = min(images.shape[-2:])
    reach = min(ceil(3 * share * side), side - 1)  # the mirrored edge cannot be longer than the image
    blurred: Tensor = images.float()
    for kernel in ([2 * reach + 1, 1], [1, 2 * reach + 1]):
        blurred = functional.gaussian_blur(blurred, kernel, [share * side] * 2)
    return blurred.round().to(images.dtype)


def _brightness(images: Tensor, factor: float) -> Tensor:
    longer, changed = _coin(images), images.clone()
    for rows, change in ((longer, factor), (~longer, 1 / factor)):
        changed[rows] = functional.adjust_brightness(images[rows], change)
    return changed


def _occlusion(images: Tensor, share: float) -> Tensor:
    height, width = images.shape[-2:]
    side = max(1, round(share * min(height, width)))
    places = (torch.rand(len(images), 2) * torch.tensor([height - side + 1, width - side + 1])).int().tolist()
    black = torch.zeros((), dtype=images.dtype)
    erased = [
        functional.erase(image, top, left, side, side, black) for image, (top, left) in zip(images, places, strict=True)
    ]
    return torch.stack(erased)


def _rotation(images: Tensor, degrees: float) -> Tensor:
    """The edges are mirrored outwards first: black corners would be a second corruption."""
    height, width = images.shape[-2:]
    left, wide = _coin(images), functional.pad(images, [width // 4, height // 4], padding_mode="reflect")
    for rows, angle in ((left, degrees), (~left, -degrees)):
        wide[rows] = functional.rotate(wide[rows], angle, interpolation=v2.InterpolationMode.BILINEAR)
    turned: Tensor = functional.center_crop(wide, [height, width])
    return turned


def _coin(images: Tensor) -> Tensor:
    """Which images [N] go the one way; the others go the other."""
    return torch.rand(len(images)) < 0.5


_CORRUPTIONS: dict[CorruptionName, Callable[[Tensor, float], Tensor]] = {
    "noise": lambda images, deviation: functional.gaussian_noise(images, sigma=deviation),
    "blur": _blur,
    "brightness": _brightness,
    "contrast": functional.adjust_contrast,
    "jpeg": lambda images, quality: functional.jpeg(images, int(quality)),
    "occlusion": _occlusion,
    "rotation": _rotation,
}

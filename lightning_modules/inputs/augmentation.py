"""Augmentation: views of training images that are as likely in production, chosen by the domain.

A view is a function of (seed, view number, content hash), so that it can be cached, shared and made again.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from data.specs.spec import Array
from settings.config import Config

if TYPE_CHECKING:
    from torch import Tensor


class RandAugment(Config):
    """Random operations on colour and shape (arXiv 1909.13719)."""

    operations: int = Field(2, ge=1, description="operations an image")
    magnitude: int = Field(9, ge=0, le=30, description="strength, of 30")


class AugmentationConfig(Config):
    """What may change in an image of this domain without changing its label."""

    horizontal_flip: bool = Field(default=False, description="mirror left and right")
    vertical_flip: bool = Field(default=False, description="mirror top and bottom")
    rotation: Literal["none", "half_turn", "right_angles"] | Annotated[float, Field(gt=0, le=180)] = Field(
        "none", description="turns of 180 or 90 degrees, or any angle up to so many degrees"
    )
    crop: float = Field(1.0, gt=0, le=1, description="smallest share of the area that is kept and enlarged again")
    randaugment: RandAugment | None = Field(None, description="RandAugment on top")

    @property
    def active(self) -> bool:
        """Whether a view can differ from the image."""
        return self != AugmentationConfig()

    @property
    def hash(self) -> str:
        """sha256 of the canonical description."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def view_seed(seed: int, view: int, digest: str) -> int:
    """The seed of one view of one sample."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{view}/{digest}".encode()).digest()[:8])


def augment(config: AugmentationConfig, images: Array, seeds: Sequence[int]) -> Array:
    """One view of each image, by its own seed: uint8 [N, H, W, C]."""
    views = [_view(config, image, seed) for image, seed in zip(images, seeds, strict=True)]
    return np.stack(views) if views else images  # of a small batch nothing may be left for a process


def _view(config: AugmentationConfig, image: Array, seed: int) -> Array:
    random = np.random.default_rng(seed)
    if config.horizontal_flip and random.random() < 0.5:
        image = image[:, ::-1]
    if config.vertical_flip and random.random() < 0.5:
        image = image[::-1]
    if isinstance(config.rotation, str):
        image = np.rot90(image, _turns(config.rotation, random))
    if isinstance(config.rotation, float) or config.crop < 1 or config.randaugment:
        return _resampled(config, image, random)
    return image


def _turns(rotation: str, random: np.random.Generator) -> int:
    turns = {"none": [0], "half_turn": [0, 2], "right_angles": [0, 1, 2, 3]}[rotation]
    return int(random.choice(turns))


def _resampled(config: AugmentationConfig, image: Array, random: np.random.Generator) -> Array:
    """The views that need torchvision: crops, free rotations and RandAugment."""
    import torch
    from torchvision.transforms import v2

    pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    steps: list[torch.nn.Module] = []
    if isinstance(config.rotation, float):
        steps.append(v2.RandomRotation(config.rotation, v2.InterpolationMode.BILINEAR))
    if config.crop < 1:
        steps.append(v2.RandomResizedCrop(pixels.shape[1:], (config.crop, 1.0), antialias=True))
    if config.randaugment:
        steps.append(v2.RandAugment(config.randaugment.operations, config.randaugment.magnitude))
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global generator
        torch.manual_seed(int(random.integers(2**63)))
        return _array(v2.Compose(steps)(pixels))


def _array(pixels: "Tensor") -> Array:
    return np.asarray(pixels.permute(1, 2, 0).numpy(), np.uint8)

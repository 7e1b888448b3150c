"""The transform spec: one hashed description of decode, resize, crop and normalisation, and its one code path.

Training, evaluation, drift and serving all call `TransformSpec.decode`; normalisation runs inside the network.
"""

import hashlib
from typing import Literal

import numpy as np
from PIL import Image
from pydantic import Field

from data.specs.decoding import PIXEL_LIMIT, Array, decode_image
from settings.config import Config

# Part of every hash: raise it when the code below gives other pixels for the same file.
DECODER_VERSION = 1

_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


class ImageSpec(Config):
    """How an image file becomes a uint8 array [size, size, channels]."""

    kind: Literal["image"] = "image"
    mode: Literal["L", "RGB"] = Field("RGB", description="grey or colour; grey is repeated for a colour backbone")
    size: int = Field(224, ge=8, le=1024, description="side of the square that the network sees, pixels")
    crop: float = Field(0.875, gt=0, le=1, description="central share of the shortest side that is kept")
    interpolation: Literal["bicubic", "bilinear"] = Field("bicubic", description="resize filter")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the result."""
        return self.size, self.size, 3 if self.mode == "RGB" else 1

    @property
    def hash(self) -> str:
        """sha256 of the canonical description."""
        return _digest(self)

    def decode(self, content: bytes, max_pixels: int = PIXEL_LIMIT) -> Array:
        """Decodes, resizes the shortest side to size / crop and cuts the centre: uint8 [size, size, channels].

        Raises:
            ImageError: the bytes are no usable image.
        """
        image = decode_image(content, self.mode, max_pixels)
        resized = image.resize((self.size, self.size), _FILTERS[self.interpolation], box=self._kept(image.size))
        return np.asarray(resized, dtype=np.uint8).reshape(self.shape)

    def _kept(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """The part of an image of this size that is kept, so that what is cut off is never resized.

        A strip of a million by eight pixels would fill the memory otherwise.
        """
        target = round(self.size / self.crop)
        scale = target / min(size)
        width, height = (max(target, round(side * scale)) for side in size)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        edges = left / width, top / height, (left + self.size) / width, (top + self.size) / height
        return edges[0] * size[0], edges[1] * size[1], edges[2] * size[0], edges[3] * size[1]


class TransformSpec(Config):
    """An image spec with the normalisation that the backbone was pretrained with."""

    image: ImageSpec
    mean: tuple[float, float, float] = Field(description="per channel, on the scale 0 to 1")
    std: tuple[float, float, float] = Field(description="per channel, on the scale 0 to 1")

    @property
    def hash(self) -> str:
        """sha256 of the canonical description, normalisation included."""
        return _digest(self)

    def decode(self, content: bytes, max_pixels: int = PIXEL_LIMIT) -> Array:
        """uint8 [size, size, channels] of one file.

        Raises:
            ImageError: the bytes are no usable image.
        """
        return self.image.decode(content, max_pixels)


def _digest(spec: Config) -> str:
    return hashlib.sha256(f"{DECODER_VERSION}:{spec.model_dump_json()}".encode()).hexdigest()

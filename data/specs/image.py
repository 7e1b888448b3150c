"""Images: decoded, resized and cropped to a square of grey levels or colours."""

import io
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import Field, model_validator

from data.rule import Rule, between
from data.specs.decoding import ALPHA, PIXEL_LIMIT, channels_of, decode_image, image_facts, image_head
from data.specs.levels import Levels
from data.specs.spec import Array, Expectations, Spec, Thumbnail
from data.specs.transform import BackboneInput, Transform

if TYPE_CHECKING:
    import pandas as pd

OBLONG = 1.5  # a third of such a picture is cut off
_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


class ImageExpectations(Expectations):
    """Bounds that an image file or a batch must keep."""

    facts: ClassVar[tuple[str, ...]] = ("width", "height", "mode", "frames", "brightness")

    min_side: int = Field(8, ge=1, description="smallest width and height, pixels")
    max_pixels: int = Field(
        PIXEL_LIMIT, ge=1, description="largest width x height; more is refused before it is decoded"
    )
    brightness: tuple[float, float] = Field((1.0, 254.0), description="range of the mean grey value, 0 to 255")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.brightness[0] >= self.brightness[1]:
            raise ValueError("brightness must be [darkest, brightest]; put the lower bound first")
        return self

    @property
    def limit(self) -> int:
        """Pixels of the largest image that is decoded."""
        return self.max_pixels

    def rules(self) -> list[Rule]:
        """Sides, frames and brightness."""
        (darkest, brightest), side = self.brightness, self.min_side
        outside = "mean brightness {value:.1f} is outside " + f"{darkest:g} to {brightest:g}"
        return [
            between("width", "width {value:.0f} is under " + f"{side} pixels", least=side),
            between("height", "height {value:.0f} is under " + f"{side} pixels", least=side),
            between("frames", "animated: {value:.0f} frames, one is expected; save one as a picture", most=1),
            between("brightness", outside, least=darkest, most=brightest),
        ]


class ImageSpec(Spec):
    """How an image file becomes a uint8 array [size, size, channels]."""

    expectations: ClassVar[type[Expectations]] = ImageExpectations
    measures: ClassVar[tuple[str, ...]] = ("brightness",)
    outside: ClassVar[tuple[str, ...]] = ("width", "height", "channels")
    input_name: ClassVar[str] = "images"
    pixels: ClassVar[bool] = True

    kind: Literal["image"] = "image"
    mode: Literal["L", "RGB"] = Field("RGB", description="grey or colour; grey is repeated for a colour backbone")
    size: int = Field(224, ge=8, le=1024, description="side of the square that the network sees, pixels")
    crop: float = Field(0.875, gt=0, le=1, description="central share of the shortest side that is kept")
    interpolation: Literal["bicubic", "bilinear"] = Field("bicubic", description="resize filter")
    # What follows came later and is left out where it is as it ever was, so that older hashes hold.
    fit: Literal["crop", "letterbox", "squash"] = Field(
        "crop",
        exclude_if=lambda fit: fit == "crop",
        description="what becomes of an oblong image: its centre, all of it on the background, or all of it distorted",
    )
    value_range: tuple[float, float] | None = Field(
        None,
        exclude_if=lambda given: given is None,
        description="values of a 16-bit or float file that are black and white; unset: 0 and 65535",
    )
    background: Literal["black", "white"] = Field(
        "black",
        exclude_if=lambda colour: colour == "black",
        description="what lies under transparent parts and beside a letterbox",
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.value_range is not None and self.value_range[0] >= self.value_range[1]:
            raise ValueError("value_range must be [black, white]; put the lower value first")
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the result."""
        return self.size, self.size, 3 if self.mode == "RGB" else 1

    @property
    def words(self) -> str:
        """Size and colour."""
        return f"{self.size} x {self.size} pixels, {'grey' if self.mode == 'L' else 'colour'}"

    def decode(self, content: bytes, limit: int | None = None) -> Array:
        """Decodes and resizes to a square, by `fit`: uint8 [size, size, channels].

        A crop resizes the shortest side to size / crop and cuts the centre.

        Raises:
            SampleError: the bytes are no usable image, or one of more than `limit` pixels.
        """
        image = decode_image(content, self.mode, PIXEL_LIMIT if limit is None else limit, self.levels)
        size, method = (self.size, self.size), _FILTERS[self.interpolation]
        if self.fit == "letterbox":
            resized = self._boxed(image)
        else:
            resized = image.resize(size, method, box=self._kept(image.size) if self.fit == "crop" else None)
        return np.asarray(resized, dtype=np.uint8).reshape(self.shape)

    def encode(self, array: Array) -> bytes:
        """A PNG, with a border where the spec crops one."""
        border = round(self.size / self.crop) - self.size if self.fit == "crop" else 0
        sides = (border // 2, border - border // 2)
        padded = np.pad(array, (sides, sides, (0, 0)), mode="edge")
        buffer = io.BytesIO()
        as_image(padded).save(buffer, "PNG")
        return buffer.getvalue()

    @property
    def reading(self) -> str:
        """Range and background, which brightness depends on; nothing where they are the usual ones."""
        return "" if self.levels == Levels() else f"/{self.value_range}/{self.background}"

    @property
    def levels(self) -> Levels:
        """How values of a file become grey levels."""
        return Levels(self.value_range, self.background)

    def facts(self, content: bytes, limit: int) -> dict[str, Any]:
        """Size, mode, frames and mean brightness of the whole file."""
        return vars(image_facts(content, limit, self.levels))

    def notices(self, facts: "pd.DataFrame") -> list[str]:
        """Sides that a crop would cut off, and transparency."""
        clear = int(facts["mode"].isin(ALPHA).sum())
        sides = facts[["width", "height"]].astype(float)
        oblong = float((sides.max(axis=1) / sides.min(axis=1)).median())
        told = {
            f"{clear} pictures have transparent parts, under which lies {self.background}; "
            "data.transform.background changes that": clear,
            f"half of the pictures are {oblong:.1f} times as long as wide or more, and their ends are cut off; "
            "data.transform.fit: letterbox keeps their ends": self.fit == "crop" and oblong >= OBLONG,
        }
        return [text for text, holds in told.items() if holds]

    def measure(self, arrays: Array) -> dict[str, npt.NDArray[np.float64]]:
        """Mean value of the cropped pixels, 0 to 255."""
        return {"brightness": arrays.mean(axis=(1, 2, 3), dtype=np.float64)}

    def look(self, content: bytes) -> dict[str, float]:
        """Width, height and number of channels of a file, as its head tells."""
        found = image_head(content)
        return {} if found is None else dict(zip(self.outside, (*found[0], channels_of(found[1])), strict=True))

    def recall(self, manifest: "pd.DataFrame") -> dict[str, npt.NDArray[np.float64]]:
        """The same as validation saw it."""
        if not {"width", "height", "mode"} <= {*manifest}:
            return {}
        sides = {name: manifest[name].to_numpy(np.float64) for name in ("width", "height")}
        return {**sides, "channels": manifest["mode"].map(channels_of).to_numpy(np.float64)}

    def thumbnails(self, arrays: Array) -> Thumbnail:
        """The pixels themselves."""
        return arrays

    def resized(self, size: int) -> Self:
        """The same spec for another side."""
        return self.model_copy(update={"size": size})

    def shrink(self, arrays: Array, size: int) -> Array:
        """Images [N, H, W, C] shrunk to [N, size, size, C] by the spec's own filter, which Pillow widens to fit."""
        if arrays.shape[1] == size:
            return arrays
        small = [np.asarray(as_image(one).resize((size, size), _FILTERS[self.interpolation])) for one in arrays]
        return np.stack(small).reshape(len(arrays), size, size, arrays.shape[3])

    def _boxed(self, image: Image.Image) -> Image.Image:
        """The whole image in the middle of a square of background; of a strip at least a line is left."""
        width, height = (max(1, round(side * self.size / max(image.size))) for side in image.size)
        square = Image.new(image.mode, (self.size, self.size), self.background)
        small = image.resize((width, height), _FILTERS[self.interpolation])
        square.paste(small, ((self.size - width) // 2, (self.size - height) // 2))
        return square

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


class ImageTransform(Transform):
    """An image spec with the normalisation that the backbone was pretrained with."""

    sample: ClassVar[str] = "image"

    image: ImageSpec
    mean: tuple[float, float, float] = Field(description="per channel, on the scale 0 to 1")
    std: tuple[float, float, float] = Field(description="per channel, on the scale 0 to 1")


class ImageInput(BackboneInput):
    """Squares cut from images, normalised."""

    kind: Literal["image"] = "image"
    size: int = Field(gt=0, description="side of the square, pixels")
    crop: float = Field(gt=0, le=1, description="central share of the shortest side")
    interpolation: Literal["bicubic", "bilinear"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def length(self) -> int:
        """Side of the square."""
        return self.size

    def transform(self, spec: ImageSpec) -> ImageTransform:
        """The domain's image spec with this backbone's normalisation."""
        return ImageTransform(image=spec, mean=self.mean, std=self.std)


def as_image(pixels: Array) -> Image.Image:
    """An array [H, W, 1 or 3] as Pillow's image."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)

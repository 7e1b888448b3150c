"""Every file becomes an array or says what is wrong with it, whatever it is."""

import io
import random
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.errors import SampleError
from data.specs.decoding import decode_image, deep_range, image_brightness, image_facts
from data.specs.levels import Levels

NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
GREY = np.full((20, 30), 100, np.uint8)


def frames_of(form: str, count: int = 3) -> bytes:
    """An animation."""
    frames = [Image.fromarray(np.roll(NOISE, 5 * shift, axis=0)) for shift in range(count)]
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header promises width x height pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return png_of(chunks)


def png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks."""
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_image_facts__of_a_plain_image(helpers: Any) -> None:
    """Size, mode, frames and brightness are those of the file."""
    facts = image_facts(helpers.encoded(GREY))
    assert (facts.error, facts.width, facts.height, facts.mode, facts.frames) == (None, 30, 20, "L", 1)
    assert facts.brightness == 100.0


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_image_facts__animated(form: str) -> None:
    """An animation of any format is counted, so that validation can refuse it."""
    assert image_facts(frames_of(form)).frames == 3


def test_image_facts__deep_values_without_contrast(helpers: Any) -> None:
    """12 bits in 16, and floats up to 1, are refused with the range to declare; declared they have full contrast."""
    twelve = helpers.encoded(np.array([[0, 4095], [2048, 1024]], np.uint16))
    assert "value_range: [0, 4095]" in str(image_facts(twelve).error)
    assert image_facts(twelve, levels=Levels((0, 4095))).error is None
    found = np.asarray(decode_image(twelve, "L", levels=Levels((0, 4095))))
    assert found.tolist() == [[0, 255], [128, 64]]
    floats = helpers.encoded(np.array([[0.0, 1.0]], np.float32), "TIFF")
    assert "value_range: [0, 1]" in str(image_facts(floats).error)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.array([[-1.0, 1.0]], np.float32), "value_range: [-1, 1]"),
        (np.array([[np.nan, 0.5]], np.float32), "value_range: [0, 1]"),
        (np.array([[0, 2**23]], np.int32), "value_range: [0, 16777215]"),
        (np.array([[0, 900]], np.uint16), "value_range: [0, 1023], or [0, 65535] where files may be so dark"),
    ],
)
def test_image_facts__deep_values_of_other_ranges(helpers: Any, values: Any, told: str) -> None:
    """Values below 0, above 16 bits or beside what is no number have the range named that they need."""
    content = helpers.encoded(values, "TIFF")
    assert told in str(image_facts(content).error)
    assert image_facts(content, levels=Levels((0, 65535))).error is None


def test_image_facts__deep_and_black(helpers: Any) -> None:
    """Nothing but zeros says nothing of a range; that the picture is black is told by its brightness."""
    facts = image_facts(helpers.encoded(np.zeros((8, 8), np.uint16)))
    assert (facts.error, facts.brightness) == (None, 0)


def deep_colour(factor: int) -> bytes:
    """A PNG of 16 bits a colour, which Pillow cannot write."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in NOISE.astype(np.uint16) * factor)
    header = struct.pack(">IIBBBBB", 50, 40, 16, 2, 0, 0, 0)
    return png_of([(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])


def test_image_facts__sixteen_bits_a_colour() -> None:
    """Only the upper 8 bits are read: a file that uses the lower ones is refused, not trained on in 16 levels."""
    assert image_facts(deep_colour(257)).error is None
    assert "save it with 8 bits a colour" in str(image_facts(deep_colour(16)).error)


@pytest.mark.parametrize(("kind", "alpha", "mode"), [("RGBA", 255, "RGB"), ("RGBA", 254, "RGBA"), ("LA", 255, "L")])
def test_image_facts__alpha_that_hides_nothing(kind: str, alpha: int, mode: str) -> None:
    """It is none, so that nobody is told of transparency."""
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (90, 90, 90, alpha)).convert(kind).save(buffer, "PNG")
    assert image_facts(buffer.getvalue()).mode == mode


def test_deep_range__of_deep_files(helpers: Any) -> None:
    """Files of 8 bits have none, and what is no image has none."""
    assert deep_range(helpers.encoded(GREY)) is None
    assert deep_range(b"no image") is None
    assert deep_range(helpers.encoded(np.array([[7, 4095]], np.uint16))) == (7, 4095)


def test_image_facts__ink_on_transparency() -> None:
    """Brightness is that of the picture on its background."""
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(buffer, "PNG")
    assert image_facts(buffer.getvalue()).brightness == 0
    assert image_facts(buffer.getvalue(), levels=Levels(background="white")).brightness == 255


@pytest.mark.parametrize("form", ["MPO", "TIFF"])
def test_image_facts__pages_are_no_animation(form: str) -> None:
    """A phone's MPO and a scan of several pages count as their first picture."""
    facts = image_facts(frames_of(form))
    assert (facts.error, facts.frames) == (None, 1)
    first = np.asarray(decode_image(frames_of(form), "RGB")).astype(int)
    assert np.abs(first - NOISE).mean() < (60 if form == "MPO" else 1)


def tiled(side: int, tile: int) -> bytes:
    """A TIFF of a small picture in the corner of one tile."""
    body = zlib.compress(bytes(tile * tile))
    entries = [(256, side), (257, side), (258, 8), (259, 8), (262, 1), (277, 1), (322, tile), (323, tile)]
    entries += [(324, 8 + 2 + 12 * 10 + 4), (325, len(body))]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + table + bytes(4) + body


def test_decode_image__tiff_in_a_huge_tile() -> None:
    """A tile is decoded whole, so that it counts as well; what is equal to the limit passes."""
    assert decode_image(tiled(16, 64), "L", max_pixels=4096).size == (16, 16)
    with pytest.raises(SampleError, match="64x64 is over 4095 pixels"):
        decode_image(tiled(16, 64), "L", max_pixels=4095)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"label,path\n", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image"),
        (bomb(100_000, 100_000), "no more than 178956970 pixels: shrink it"),
        (bomb(8_000, 7_000), "8000x7000 is over 50000000 pixels; shrink it or raise expectations.max_pixels (of"),
        (bomb(300, 300), "cannot be decoded"),
    ],
)
def test_image_facts__unusable(content: bytes, reason: str) -> None:
    """An unusable file says why in one line, and has no facts."""
    facts = image_facts(content)
    assert facts.error is not None
    assert reason in facts.error
    assert "\n" not in facts.error
    assert "the source" not in facts.error  # a request has none
    assert "object at" not in facts.error  # no address: the same file gives the same words
    assert (facts.width, facts.height, facts.frames) == (0, 0, 0)


def test_image_facts__truncated(helpers: Any) -> None:
    """Half a PNG and half a JPEG are found, though their headers are whole."""
    for form in ("PNG", "JPEG"):
        content = helpers.encoded(NOISE, form)
        assert image_facts(content).error is None
        assert "cannot be decoded" in str(image_facts(content[: len(content) // 2]).error)


def test_image_facts__limit_is_the_domains(helpers: Any) -> None:
    """`max_pixels` counts width times height, and what is equal to it passes."""
    content = helpers.encoded(GREY)
    assert image_facts(content, max_pixels=600).error is None
    assert "30x20 is over 599 pixels" in str(image_facts(content, max_pixels=599).error)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "form", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM", "ICO", "DDS", "AVIF", "agif", "atiff"]
)
def test_image_facts__never_raises_on_damage(helpers: Any, form: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Bytes changed at random and files cut off at random give facts or a reason, never an exception."""
    whole = frames_of(form[1:]) if form[0] == "a" else helpers.encoded(NOISE, form)
    generator = random.Random(form)  # noqa: S311  -- damage need not be secret
    refused = 0
    for _ in range(250):
        damaged = bytearray(whole)
        for _ in range(generator.choice([1, 2, 5, 20])):
            damaged[generator.randrange(min(len(damaged), generator.choice([60, 200, 10**6])))] = generator.randrange(
                256
            )
        cut = generator.randrange(len(damaged)) if generator.random() < 0.3 else len(damaged)
        refused += image_facts(bytes(damaged[:cut])).error is not None
    capfd.readouterr()  # libtiff complains by itself
    assert refused


@pytest.mark.parametrize(("kind", "expected"), [("RGBA", 60), ("LA", 60), ("P", 60)])
def test_decode_image__alpha_lies_over_black(kind: str, expected: int) -> None:
    """What is transparent becomes dark by its share, not by what lies hidden below."""
    image = Image.new("RGBA", (8, 8), (120, 120, 120, 128))
    if kind == "P":
        image = Image.new("P", (8, 8), 1)
        image.putpalette([0, 0, 0, 60, 60, 60])
        image.info["transparency"] = 0
    buffer = io.BytesIO()
    (image if kind == "P" else image.convert(kind)).save(buffer, "PNG")
    assert np.asarray(decode_image(buffer.getvalue(), "L")).tolist() == [[expected] * 8] * 8


def test_decode_image__sixteen_bits_keep_their_meaning(helpers: Any) -> None:
    """Half of 16 bits is half of 8 bits, also for an image that uses a narrow range only."""
    narrow = np.array([[32_768, 32_896], [33_024, 33_153]], np.uint16)
    assert np.asarray(decode_image(helpers.encoded(narrow), "L")).tolist() == [[128, 128], [128, 129]]


def test_decode_image__cmyk(helpers: Any) -> None:
    """Ink becomes light: no ink is white."""
    content = helpers.encoded(np.zeros((8, 8, 3), np.uint8) + 255, "JPEG", "CMYK")
    assert image_facts(content).mode == "CMYK"
    assert image_brightness(np.asarray(decode_image(content, "RGB"))) > 250


def test_decode_image__upright() -> None:
    """A camera's rotation mark is obeyed."""
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, :8] = 255
    marked, buffer = Image.Exif(), io.BytesIO()
    marked[274] = 6
    Image.fromarray(pixels).save(buffer, "PNG", exif=marked)
    upright = np.asarray(decode_image(buffer.getvalue(), "L"))
    assert upright.shape == (16, 8)
    assert (upright[:8].min(), upright[8:].max()) == (255, 0)


def test_decode_image__raises_what_facts_tell(helpers: Any) -> None:
    """Serving gets the same words as validation."""
    content = helpers.encoded(NOISE)[:-900]
    with pytest.raises(SampleError) as error:
        decode_image(content, "RGB")
    assert str(error.value) == image_facts(content).error

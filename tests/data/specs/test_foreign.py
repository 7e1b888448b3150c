"""Files that are called pictures and are none say what they are and what to do."""

import pytest

from data.specs.decoding import image_facts
from data.specs.foreign import foreign_kind


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC picture, which is not read; save it as JPEG"),
        (b"\0\0\0\x18ftypisom", "a film"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "run `git lfs pull`"),
        (b"\n<!DOCTYPE html><html>", "fetch the picture again"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a drawing"),
        (b"%PDF-1.7", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a program"),
        (b"\xc5\xd0\xd3\xc6\x20", "a program"),
        (b"\0\0\1\0\1\0", "an icon"),
        (b"icns\0\0", "an icon"),
        (b"PK\x03\x04", "a ZIP"),
        (b"\0" * 128 + b"DICM", "a DICOM file"),
    ],
)
def test_foreign_kind__named_with_the_remedy(content: bytes, told: str) -> None:
    """Validation shows it as the reason."""
    assert told in str(foreign_kind(content))
    assert image_facts(content).error == f"it is {foreign_kind(content)}"


@pytest.mark.parametrize("content", [b"", b"anything", b"\0\0\0\x18ftypavif", b"\x89PNG\r\n\x1a\n"])
def test_foreign_kind__unknown(content: bytes) -> None:
    """Pillow has the word on all that is not known here."""
    assert foreign_kind(content) is None

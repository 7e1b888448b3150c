"""Golden samples: few, as their source gave them, and the same again when they are read."""

import numpy as np
import pytest

from registry.errors import PackageError
from registry.package.golden import FEW, GoldenSamples, affordable, golden_file, golden_hashes, read_golden
from registry.package.package import load_package


def test_read_golden__as_written():
    """Bytes, answers and their order come back; equal samples give equal files."""
    said = {"label": np.array([[0.25, 0.75], [1, 0]], np.float32), "embedding": np.ones((2, 3), np.float32)}
    golden = GoldenSamples({"b": b"\x00\xff", "a": b""}, said)
    content = golden_file(golden)
    found = read_golden(content)
    assert list(found.contents.items()) == [("b", b"\x00\xff"), ("a", b"")]
    assert all(np.array_equal(found.said[name], said[name]) for name in said)
    assert content == golden_file(golden)


@pytest.mark.parametrize("content", [b"", b"PK", golden_file(GoldenSamples({}, {}))[:-9]])
def test_read_golden__damaged(content):
    """What is no such file is one line."""
    with pytest.raises(PackageError, match="packed by another release"):
        read_golden(content)


def test_affordable__few_and_light():
    """Never more than a few; a heavy one only where it is the first."""
    assert list(affordable({str(number): b"x" for number in range(9)})) == ["0", "1", "2", "3"]
    assert FEW == 4
    assert list(affordable({"a": b"12345", "b": b"12", "c": b"1"}, most=6)) == ["a", "c"]


def test_golden_hashes__of_the_workshop(workshop, project):
    """They are validation samples, one of each class before the second of any."""
    hashes = golden_hashes(load_package(workshop.package))
    rows = workshop.dataset.rows("val").set_index("hash").loc[list(hashes)]
    assert list(rows["label.label"]) == ["dark", "light", "dark", "light"]

"""What sources share: stamps of files, their bytes, and grey pixels as a file."""

import io

import numpy as np
import pytest
from PIL import Image

from data.errors import SourceError
from data.sources.sample import file_stamp, local_path, portable_graymap, read_file


def test_file_stamp__changes_with_the_file(tmp_path):
    """Another length or another time is another stamp; a file that is not there has none."""
    path = tmp_path / "a"
    assert file_stamp(path) == ""
    path.write_bytes(b"1")
    first = file_stamp(path)
    path.write_bytes(b"12")
    assert file_stamp(path) != first != ""


def test_local_path__home(tmp_path, monkeypatch):
    """`~/` is the home folder, as in a shell; any other path starts at the root unless it is absolute."""
    monkeypatch.setenv("HOME", "/home/ada")
    found = [local_path(tmp_path, path).as_posix() for path in ("~/a", "~a", "b/c", "/d")]
    assert found == ["/home/ada/a", f"{tmp_path}/~a", f"{tmp_path}/b/c", "/d"]


def test_read_file__missing(tmp_path):
    """One line says what to do."""
    with pytest.raises(SourceError, match="No such file or directory; restore the file or drop its row"):
        read_file(tmp_path / "gone.png")


def test_portable_graymap__reads_back():
    """The pixels are what was given, row by row."""
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    with Image.open(io.BytesIO(portable_graymap(pixels.tobytes(), 3, 2))) as image:
        assert np.array_equal(np.asarray(image), pixels)

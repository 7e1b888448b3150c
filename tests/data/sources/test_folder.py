"""A folder with one subfolder a class."""

import os
from pathlib import Path
from typing import Any

import pytest

from data.errors import SourceError
from data.sources import FolderSource
from data.sources.sample import Sample


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    """Two classes, one of them with a deeper folder."""
    for name in ("cat/2.png", "cat/1.png", "dog/old/3.png", "dog/.DS_Store", ".git/config", "README.md"):
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(b"content of " + name.encode())
    return FolderSource(kind="folder", path="pets")


def test_samples__first_folder_is_the_label(source: FolderSource, tmp_path: Path) -> None:
    """Files come in the order of their paths; hidden ones and those outside a class folder do not."""
    assert list(source.samples(tmp_path, "pet")) == [
        Sample("cat/1.png", {"pet": "cat"}),
        Sample("cat/2.png", {"pet": "cat"}),
        Sample("dog/old/3.png", {"pet": "dog"}),
    ]


def test_read__bytes_of_the_file(source: FolderSource, tmp_path: Path) -> None:
    """A file is read as it is; a missing one says what to do."""
    assert source.read(tmp_path, "cat/1.png") == b"content of cat/1.png"
    with pytest.raises(SourceError, match=r"9\.png: No such file .*restore the file"):
        source.read(tmp_path, "cat/9.png")


def test_stamp__changes_with_the_file(source: FolderSource, tmp_path: Path) -> None:
    """Another size or another time is another stamp; a missing file has none."""
    file = tmp_path / "pets" / "cat" / "1.png"
    os.utime(file, ns=(1, 1))
    first = source.stamp(tmp_path, "cat/1.png")
    os.utime(file, ns=(2, 2))
    assert source.stamp(tmp_path, "cat/1.png") != first
    file.write_bytes(b"longer than it was before")
    os.utime(file, ns=(1, 1))
    assert source.stamp(tmp_path, "cat/1.png") != first
    assert not source.stamp(tmp_path, "cat/9.png")


def test_samples__no_folder(tmp_path: Path) -> None:
    """A wrong path is named with what is expected there."""
    with pytest.raises(SourceError, match=r"source\.path .*nowhere is not a folder; .*one subfolder a class"):
        list(FolderSource(kind="folder", path="nowhere").samples(tmp_path, "pet"))


def test_samples__name_that_is_no_text(source: FolderSource, tmp_path: Path) -> None:
    """Linux allows names that no table can hold; the file is named."""
    (tmp_path / "pets" / "cat" / os.fsdecode(b"caf\xe9.png")).touch()
    with pytest.raises(SourceError, match=r"'cat/caf.*' is not UTF-8; rename the file"):
        list(source.samples(tmp_path, "pet"))


def test_samples__odd_names_pass(source: FolderSource, tmp_path: Path, helpers: Any) -> None:
    """Spaces, line breaks, quotes and letters of any script are no trouble."""
    for name in ("a b.png", "line\nbreak.png", "'q\".png", "图像.png", "narrow\u202fspace.png"):
        (tmp_path / "pets" / "cat" / name).touch()
    assert len(list(source.samples(tmp_path, "pet"))) == 8

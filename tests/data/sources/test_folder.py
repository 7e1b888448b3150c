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


def put(root: Path, *names: str) -> FolderSource:
    """A source with files of a few bytes."""
    for name in names:
        (root / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "set" / name).write_bytes(b"x")
    return FolderSource(kind="folder", path="set")


def test_samples__given_splits(tmp_path: Path) -> None:
    """Folders named for splits are splits, and classes lie below them; what lies in none is told."""
    source = put(tmp_path, "Training/cat/1.png", "valid/cat/2.png", "test/dog/3.png", "test/4.png")
    found = {sample.path: (sample.labels["pet"], sample.split) for sample in source.samples(tmp_path, "pet")}
    assert found == {
        "Training/cat/1.png": ("cat", "train"),
        "valid/cat/2.png": ("cat", "val"),
        "test/dog/3.png": ("dog", "test"),
    }
    assert source.notices(tmp_path) == ["1 files lie in a split folder, below no class, and are left out"]


def test_samples__classes_called_train_and_test(tmp_path: Path) -> None:
    """Without class folders below them they are classes like any other."""
    source = put(tmp_path, "train/1.png", "test/2.png")
    assert [sample.labels["pet"] for sample in source.samples(tmp_path, "pet")] == ["test", "train"]


def test_samples__splits_beside_classes(tmp_path: Path) -> None:
    """Nobody can tell what is meant, so both are named."""
    source = put(tmp_path, "train/cat/1.png", "test/cat/2.png", "extra/3.png")
    with pytest.raises(SourceError, match=r"test, train look like splits, but 'extra' lies beside them; move it"):
        list(source.samples(tmp_path, "pet"))


def test_samples__one_class_in_two_forms(tmp_path: Path) -> None:
    """An accent in one sign or two is one class; another case is refused."""
    source = put(tmp_path, "cafe\u0301/1.png", "caf\u00e9/2.png")
    assert {sample.labels["pet"] for sample in source.samples(tmp_path, "pet")} == {"caf\u00e9"}
    put(tmp_path, "Caf\u00e9/3.png")
    with pytest.raises(SourceError, match="differ only in case or space; rename one of them"):
        list(source.samples(tmp_path, "pet"))

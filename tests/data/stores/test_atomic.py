"""A write happens whole or not at all."""

import resource
from pathlib import Path

import pytest

from data.errors import DamagedError, StorageError
from data.stores.atomic import atomic_path, read_json, write_text


def test_write_text__replaces_whole(tmp_path: Path) -> None:
    """The new text stands alone, readable by all, in a folder that was made for it."""
    path = tmp_path / "new" / "a.txt"
    write_text(path, "old")
    write_text(path, "néw")
    assert path.read_text(encoding="utf-8") == "néw"
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_atomic_path__fault_leaves_old_file(tmp_path: Path) -> None:
    """A fault of any kind in the block leaves what was there, and no temporary file."""
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(TypeError), atomic_path(path) as temporary, temporary.open("w") as file:
        file.writelines(["half", None])  # type: ignore[list-item]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_path__full_disk_is_storage_error(tmp_path: Path) -> None:
    """A write over the limit of the file size names the file and the remedy, and leaves nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match=r"cannot write .*a\.bin: File too large; free disk space"):
            write_text(tmp_path / "a.bin", "x" * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_write_text__parent_is_a_file(tmp_path: Path) -> None:
    """A folder that cannot be made is a StorageError, too."""
    (tmp_path / "taken").touch()
    with pytest.raises(StorageError, match="cannot write"):
        write_text(tmp_path / "taken" / "a.txt", "x")


@pytest.mark.parametrize("content", [None, b"", b'{"classes": {"a', b"\xff\xfe"])
def test_read_json__damaged(tmp_path, content):
    """Missing, emptied, cut in half or no text: one line with the file and the remedy."""
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"facts.json: missing or damaged; prepare again"):
        read_json(path, "prepare again")

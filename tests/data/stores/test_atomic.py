"""A write happens whole or not at all."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from data.errors import DamagedError, StorageError
from data.stores.atomic import atomic_path, read_json, scratch_folder, write_text


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


KILLED = """
import os, pathlib, signal, sys
from data.stores.atomic import atomic_path
with atomic_path(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


KILLED_IN_A_FOLDER = """
import os, pathlib, signal, sys
from data.stores.atomic import scratch_folder
with scratch_folder(pathlib.Path(sys.argv[1]), "run") as folder:
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_scratch_folder__litter_of_a_killed_process_goes(tmp_path: Path) -> None:
    """The next one there clears up; its own goes with the block, unless it was renamed by then."""
    subprocess.run([sys.executable, "-c", KILLED_IN_A_FOLDER, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with scratch_folder(tmp_path, "run") as folder, scratch_folder(tmp_path, "run") as other:
        assert sorted(tmp_path.iterdir()) == sorted([folder, other])
        other.rename(tmp_path / "done")
    assert [path.name for path in tmp_path.iterdir()] == ["done"]


def test_scratch_folder__parent_is_a_file(tmp_path: Path) -> None:
    """A folder that cannot be made is one line."""
    (tmp_path / "taken").touch()
    with pytest.raises(StorageError, match="cannot write"), scratch_folder(tmp_path / "taken" / "a", "run"):
        pass


def test_atomic_path__litter_of_a_killed_process_goes(tmp_path: Path) -> None:
    """The next write into that folder clears up; what a living process writes, and a user's own file, stay."""
    own = tmp_path / ".mine.tmp"
    own.touch()
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.txt")], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_path(tmp_path / "b.txt") as living:
        write_text(tmp_path / "a.txt", "whole")
        assert sorted(tmp_path.iterdir()) == sorted([own, tmp_path / "a.txt", living])

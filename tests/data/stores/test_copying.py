"""Copies are what was copied, while files come and go."""

import hashlib
from unittest import mock

import pytest

from data.stores import copying
from data.stores.copying import Former, copy_file, copy_tree, files_below

NEW = Former(copying.Path("none"), {})


def test_copy_tree__a_file_takes_anothers_place(tmp_path):
    """Two small files that become one while they are copied: what took their place is in the copy."""
    log = tmp_path / "root" / "log"
    log.mkdir(parents=True)
    for name in "ab":
        (log / name).write_text(name)

    def merging(source, target):
        if source.name == "b" and not (log / "merged").exists():
            (log / "merged").write_text("ab")
            source.unlink()
        return copy_file(source, target)

    with mock.patch("data.stores.copying.copy_file", side_effect=merging):
        found = copy_tree(tmp_path / "root", "log", tmp_path / "copy", NEW)
    assert {"log/a", "log/merged"} == found.keys()
    assert (tmp_path / "copy" / "log" / "merged").read_text() == "ab"


def test_copy_file__times_rights_digest(tmp_path):
    """A copy has the times and rights of its source, and its SHA-256 is told."""
    source = tmp_path / "key"
    source.write_bytes(b"content")
    source.chmod(0o600)
    found = copy_file(source, tmp_path / "new" / "copy")
    one, other = source.stat(), (tmp_path / "new" / "copy").stat()
    assert (one.st_mtime_ns, one.st_mode) == (other.st_mtime_ns, other.st_mode)
    assert found == hashlib.sha256(b"content").hexdigest()


@pytest.mark.parametrize("name", [".a.txt.here-12-abcdefgh.tmp", "a.half-copied"])
def test_files_below__what_is_being_written(tmp_path, name):
    """Half-written files are none, nor is what lies in half-made folders; a place may be a file, or nothing."""
    (tmp_path / "a").touch()
    (tmp_path / name).mkdir()
    (tmp_path / name / "b").touch()
    assert list(files_below(tmp_path)) == [tmp_path / "a"]
    assert list(files_below(tmp_path / "a")) == [tmp_path / "a"]
    assert list(files_below(tmp_path / "nothing")) == []

"""Paths of a person become files."""

import pytest
from serving.files import files_below

from serving.errors import ServingError


def test_files_below__hidden_ones_are_passed_over(tmp_path):
    """Samples of all levels in the order of their names; hidden files, litter and side files are none."""
    for name in ("b.png", "a/c.png", ".a.png", "a/.thumbnails/c.png", "a/Thumbs.db", "a/c.xml", "__MACOSX/b.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert files_below([tmp_path]) == [tmp_path / "a" / "c.png", tmp_path / "b.png"]


def test_files_below__a_path_that_does_not_exist(tmp_path):
    """A slip of the pen is an error before anything is scored."""
    with pytest.raises(ServingError, match=r"nothing.png: no such file or folder; correct the path"):
        files_below([tmp_path, tmp_path / "nothing.png"])

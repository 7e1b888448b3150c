"""The files below a folder, by kind."""

from pathlib import Path

import pytest

from data.sources.tree import Tree, is_picture


def put(root: Path, *names: str) -> None:
    """Files of a few bytes."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_tree__litter_and_side_files(tmp_path):
    """Litter is counted, side files are named by kind, and neither is a sample."""
    put(tmp_path, "a/1.png", "a/1.xml", "a/2.xml", "a/Thumbs.db", "__MACOSX/._1.png", "b/.ipynb_checkpoints/1.png")
    tree = Tree(tmp_path)
    assert tree.samples == [Path("a/1.png")]
    assert tree.notices() == [
        "2 .xml files are no pictures and are left out",
        "3 hidden or system files are ignored",
    ]


def test_tree__no_pictures(tmp_path):
    """Samples of another kind, such as texts, are samples."""
    put(tmp_path, "a/1.txt", "b/2.txt")
    assert len(Tree(tmp_path).samples) == 2


def test_tree__links(tmp_path):
    """Linked folders are followed, loops are not, and a link to nothing is told."""
    put(tmp_path / "store", "1.png")
    put(tmp_path / "base", "a/2.png")
    (tmp_path / "base" / "a" / "more").symlink_to(tmp_path / "store")
    (tmp_path / "base" / "a" / "loop").symlink_to(tmp_path / "base")
    (tmp_path / "base" / "a" / "gone.png").symlink_to(tmp_path / "nothing")
    tree = Tree(tmp_path / "base")
    assert tree.samples == [Path("a/2.png"), Path("a/more/1.png")]
    assert tree.notices() == ["1 links lead nowhere; restore what they name or delete them"]


@pytest.mark.parametrize(
    ("suffix", "found"),
    [("", True), (".jpg", True), (".heic", True), (".pdf", False), (".json", False)],
)
def test_is_picture__by_suffix(suffix, found):
    """What Pillow opens is a picture, and so is what it would need a plugin for."""
    assert is_picture(suffix) == found

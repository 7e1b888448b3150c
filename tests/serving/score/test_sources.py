"""What a person names becomes files."""

import io

import pytest

from data.errors import SourceError
from serving.errors import ServingError
from serving.score.sources import files_in, require_there


@pytest.fixture
def tree(tmp_path):
    """Samples on two levels, among hidden files, litter and side files."""
    for name in ("b.png", "a/c.png", ".a.png", "a/.thumbnails/c.png", "a/Thumbs.db", "a/c.xml", "__MACOSX/b.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def found(*names) -> list[str]:
    """What the names stand for."""
    return list(files_in(map(str, names)))


def test_files_in__folder(tree):
    """Samples of all levels in the order of their names; hidden files, litter and side files are none."""
    assert found(tree) == [f"{tree}/a/c.png", f"{tree}/b.png"]


def test_files_in__file_pattern_and_address(tree):
    """A file is itself, even one that looks like a pattern; a pattern is what it matches on any level."""
    (tree / "x[1].png").touch()
    assert found(tree / "x[1].png", "s3://bucket/a.png") == [f"{tree}/x[1].png", "s3://bucket/a.png"]
    assert found(tree / "a" / "**" / "*.png", tree / "*.png") == [
        f"{tree}/a/c.png",
        f"{tree}/b.png",
        f"{tree}/x[1].png",
    ]


@pytest.mark.parametrize("name", ["files.csv", "files.parquet"])
def test_files_in__table(tree, name):
    """Its column of paths, which start where it lies, in its order."""
    import pandas as pd

    rows = pd.DataFrame({"file": ["b.png", "a/c.png", "/else/d.png"], "other": [1, 2, 3]})
    rows.to_csv(tree / name) if name.endswith("csv") else rows.to_parquet(tree / name)
    assert found(tree / name) == [f"{tree}/b.png", f"{tree}/a/c.png", "/else/d.png"]


def test_files_in__wrong_table(tree):
    """Without paths, and with a row that has none."""
    (tree / "a.csv").write_text("x,y\n1,2\n")
    (tree / "b.csv").write_text("path,y\n1.png,2\n,3\n")
    (tree / "c.parquet").write_text("no")
    for name, fault, told in (
        ("a.csv", ServingError, "no column 'path' (there: x, y)"),
        ("b.csv", ServingError, "row 2 has no path"),
        ("c.parquet", SourceError, "not readable"),
    ):
        with pytest.raises(fault, match=told.replace("(", "\\(").replace(")", "\\)")):
            found(tree / name)


def test_files_in__standard_input(monkeypatch):
    """A path a line; empty lines are none."""
    monkeypatch.setattr("sys.stdin", io.StringIO("a.png\n\n b c.png\r\n"))
    assert found("-", "d://e") == ["a.png", "b c.png", "d://e"]


def test_require_there(tree):
    """A slip of the pen is an error before anything is scored."""
    require_there([str(tree), "-", "s3://bucket/x", f"{tree}/*.png"])
    with pytest.raises(ServingError, match=r"nothing.png and 1 more: no such file or folder; correct the path"):
        require_there([str(tree), f"{tree}/nothing.png", f"{tree}/*.gif"])

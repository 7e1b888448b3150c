"""Tables are read as people write them, and a row is never shifted."""

import gzip
import io

import pandas as pd
import pytest

from data.errors import SourceError
from data.sources.reading import cell_text, read_table

ROWS = [("a.png", "cat"), ("b.png", "dog")]


def rows_of(content: bytes, name: str = "list.csv", label: str = "label") -> list[tuple[object, object]]:
    """Path and label of every row."""
    frame = read_table(content, name, label)
    return list(zip(frame["path"], frame[label], strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.png,cat\nb.png,dog\n",
        "path;label\na.png;cat\nb.png;dog\n",
        "path\tlabel\na.png\tcat\nb.png\tdog\n",
        " path , label \n a.png , cat \n b.png , dog \n",
        "Path,Label\na.png,cat\nb.png,dog\n",
        "file_name,class\na.png,cat\nb.png,dog\n",
        "path,label\na.png,cat,\nb.png,dog,\n",
        ",path,label\n0,a.png,cat\n1,b.png,dog\n",
        "Unnamed: 0,path,label\n0,a.png,cat\n1,b.png,dog\n",
        '"path","label"\r\n"a.png","cat"\r\n\r\n"b.png","dog"\r\n',
        "path,label\ra.png,cat\rb.png,dog\r",
        "sep=;\npath;label\na.png;cat\nb.png;dog\n",
        '[{"image": "a.png", "category": "cat"}, {"image": "b.png", "category": "dog"}]',
    ],
)
def test_read_table__as_people_write_it(text: str) -> None:
    """Separators, spaces, capitals, usual other names, trailing separators and a written index."""
    assert rows_of(text.encode()) == ROWS
    assert set(read_table(text.encode(), "list.csv", "label").columns) == {"path", "label"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_read_table__encodings(encoding: str) -> None:
    """What a byte order mark says is followed."""
    assert rows_of("path,label\nü.png,Käse\n".encode(encoding)) == [("ü.png", "Käse")]


def test_read_table__quotes() -> None:
    """Separators and line breaks in quotes belong to the cell, in the header, too, and after a space."""
    text = 'path;"label, of two";note\n"a.png"; "cat";"big\nand, old"\n'
    (row,) = read_table(text.encode(), "list.csv", "label, of two").to_dict("records")
    assert row == {"path": "a.png", "label, of two": "cat", "note": "big\nand, old"}


def test_read_table__packed() -> None:
    """A table that gzip packed is read as what it holds."""
    assert rows_of(gzip.compress(b"path,label\na.png,cat\nb.png,dog\n"), "list.csv.gz") == ROWS


def test_read_table__json_lines() -> None:
    """One object a line, as the metadata of a Hugging Face folder."""
    content = b'{"file_name": "a.png", "label": 1}\n{"file_name": "b.png", "label": null}\n'
    assert rows_of(content, "metadata.jsonl") == [("a.png", "1"), ("b.png", None)]


def test_read_table__whole_numbers_with_gaps() -> None:
    """A class 1 stays "1" beside a gap, and so does a group; halves stay halves."""
    frame = pd.DataFrame({"path": ["a", "b"], "label": [1.0, None], "group": [None, 7.0], "weight": [0.5, 1.0]})
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    found = read_table(buffer.getvalue(), "T.PARQUET", "label")
    assert [cell_text(value) for value in found["label"]] == ["1", None]
    assert [cell_text(value) for value in found["group"]] == [None, "7"]
    assert found["weight"].tolist() == [0.5, 1.0]


def test_read_table__parquet_categories() -> None:
    """Categories are their values: a class 1 stays "1", and bytes are text."""
    frame = pd.DataFrame(
        {"path": [b"a", b"b"], "label": pd.Categorical([1.0, None]), "site": pd.Categorical(["n", "s"])}
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    found = read_table(buffer.getvalue(), "table", "label")
    assert [cell_text(value) for value in [*found["path"], *found["label"], *found["site"]]] == [
        "a", "b", "1", None, "n", "s"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"path,label\na,b,c\n", "line 2 has 3 cells for 2 columns"),
        (b"path,label\n\xff.png,x\n", "byte 11, in line 2, is no UTF-8; save it as UTF-8"),
        ("path,label\na,b\n".encode("utf-16-le"), "it holds zero bytes"),
        (b"PK\x03\x04xl/workbook.xml", "a workbook of Excel or a ZIP; save it as CSV UTF-8"),
        (b"path,label,label\na,b,c\n", "two columns are called 'label'; rename one"),
        (b'{"path": "a"}\n[1]\n', "one JSON object a row is expected"),
        (b'{"path": "a",\n', "Expecting property name"),
        (b'{"image": {"bytes": "x"}, "label": 1}\n', "hold the images themselves"),
    ],
)
def test_read_table__what_cannot_be_read(content: bytes, told: str) -> None:
    """One line with the place and the remedy."""
    with pytest.raises(SourceError, match=told):
        read_table(content, "list.csv", "label")

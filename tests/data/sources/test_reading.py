"""Tables are read as people write them, and a row is never shifted."""

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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"path,label\na,b,c\n", "row 2 has 3 cells for 2 columns"),
        (b"path,label\n\xff.png,x\n", "byte 11 is no UTF-8; save it as UTF-8"),
    ],
)
def test_read_table__what_cannot_be_read(content: bytes, told: str) -> None:
    """One line with the place and the remedy."""
    with pytest.raises(SourceError, match=told):
        read_table(content, "list.csv", "label")

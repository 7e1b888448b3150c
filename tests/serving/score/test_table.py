"""Predictions for a spreadsheet."""

from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
import pytest

from serving.errors import ServingError
from serving.log.schema import Prediction
from serving.score import table
from serving.score.table import opened_table


def row(path: str, **said: object) -> Prediction:
    """A prediction of a path."""
    return Prediction(datetime.now(UTC), 1, "t", None, path, **said)


def test_opened_table__rows(tmp_path):
    """Probabilities by class, the reason of a failure, and no formula that a spreadsheet would run."""
    with opened_table(tmp_path / "said.csv", ("cat", "dog")) as write:
        write(row("a.png", predicted="cat", probabilities=np.array([0.75, 0.25], np.float32), abstained=False))
        write(row("c.png", predicted="cat", probabilities=np.array([0.55, 0.45], np.float32), abstained=True))
        write(row("=b.png", error="is cut"))
    lines = (tmp_path / "said.csv").read_text().splitlines()
    assert lines == [
        "path,predicted,p.cat,p.dog,error,abstained", "a.png,cat,0.750000,0.250000,,false",
        "c.png,,0.550000,0.450000,,true", "'=b.png,,,,is cut,",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "begins"), [("green.png", b"path"), ("grün.png", b"\xef\xbb\xbfpath")])
def test_opened_table__beyond_ascii(tmp_path, name, begins):
    """Excel needs a mark to read UTF-8, and a plain table has none that a script would trip over."""
    with opened_table(tmp_path / "said.csv", ("cat", "dog")) as write:
        write(row(name, error="is cut"))
    assert (tmp_path / "said.csv").read_bytes().startswith(begins)
    assert len(list(tmp_path.iterdir())) == 1


def test_opened_table__interrupted(tmp_path):
    """Half a table is none."""
    with pytest.raises(KeyboardInterrupt), opened_table(tmp_path / "said.csv", ("cat", "dog")):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_opened_table__parquet(tmp_path, monkeypatch):
    """The same columns with their types, in groups of rows, and null where nothing was said."""
    monkeypatch.setattr(table, "TOGETHER", 2)
    with opened_table(tmp_path / "said.parquet", ("cat", "dog")) as write:
        for name in ("a.png", "=b.png", "c.png"):
            said = np.array([0.75, 0.25], np.float32)
            write(row(name, predicted="cat", probabilities=said, abstained=name == "c.png"))
        write(row("d.png", error="is cut"))
        write(row("e.png", error="is cut"))
    found = pq.read_table(tmp_path / "said.parquet")
    assert found.column_names == ["path", "predicted", "p.cat", "p.dog", "error", "abstained"]
    assert found["path"].to_pylist() == ["a.png", "=b.png", "c.png", "d.png", "e.png"]
    assert found["p.cat"].to_pylist() == [0.75, 0.75, 0.75, None, None]
    assert found["predicted"].to_pylist() == ["cat", "cat", None, None, None]
    assert found["abstained"].to_pylist() == [False, False, True, None, None]
    assert found["error"].to_pylist() == [None, None, None, "is cut", "is cut"]
    assert pq.ParquetFile(tmp_path / "said.parquet").num_row_groups == 3


def test_opened_table__of_another_kind(tmp_path):
    """A suffix that means nothing is refused before anything is scored."""
    with pytest.raises(ServingError, match=r"said.xlsx: a table of predictions is a .csv or .parquet file"):
        opened_table(tmp_path / "said.xlsx", ()).__enter__()

"""Predictions for a spreadsheet."""

from datetime import UTC, datetime

import numpy as np
import pytest
from serving.score_table import opened_table

from serving.log.schema import Prediction


def row(path: str, **said: object) -> Prediction:
    """A prediction of a path."""
    return Prediction(datetime.now(UTC), 1, "t", None, path, **said)


def test_opened_table__rows(tmp_path):
    """Probabilities by class, the reason of a failure, and no formula that a spreadsheet would run."""
    with opened_table(tmp_path / "said.csv", ("cat", "dog")) as write:
        write([row("a.png", predicted="cat", probabilities=np.array([0.75, 0.25], np.float32))])
        write([row("=b.png", error="is cut")])
    lines = (tmp_path / "said.csv").read_text().splitlines()
    assert lines == ["path,predicted,p.cat,p.dog,error", "a.png,cat,0.750000,0.250000,", "'=b.png,,,,is cut"]


@pytest.mark.parametrize(("name", "begins"), [("green.png", b"path"), ("grün.png", b"\xef\xbb\xbfpath")])
def test_opened_table__beyond_ascii(tmp_path, name, begins):
    """Excel needs a mark to read UTF-8, and a plain table has none that a script would trip over."""
    with opened_table(tmp_path / "said.csv", ("cat", "dog")) as write:
        write([row(name, error="is cut")])
    assert (tmp_path / "said.csv").read_bytes().startswith(begins)


def test_opened_table__interrupted(tmp_path):
    """Half a table is none."""
    with pytest.raises(KeyboardInterrupt), opened_table(tmp_path / "said.csv", ("cat", "dog")):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []

"""Quiet traffic comes as it is told, and no window has a row of its reference."""

import numpy as np
import pandas as pd
import pytest

from bench.monitoring import quiet
from bench.monitoring.quiet import REFERENCES, quiet_rows, splits


@pytest.fixture
def rows(monkeypatch) -> pd.DataFrame:
    """40 groups of 50 rows."""
    monkeypatch.setattr(quiet, "REFERENCE", 900)
    return pd.DataFrame({"group": np.repeat([f"g{n:02d}" for n in range(40)], 50)})


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("session", [1, 20, 50, 200])
def test_splits__nothing_is_on_both_sides(rows, reference, session):
    """Windows of 200 other rows, each once; where the reference came in groups, of other groups."""
    for split in splits(rows, reference, session, 200, 3):
        assert len(split.known) == 900
        for window in split.windows:
            assert len({*window}) == 200
            assert {*window}.isdisjoint(split.known)
            if reference != "rows":
                assert {*rows["group"][window]}.isdisjoint(rows["group"][split.known])
        assert len(split.came.sizes) == 200 // session
        assert len({*split.groups}) == (18 if reference == "grouped" else 900)


def test_splits__sessions_are_of_one_group(rows):
    """Sessions of 20 have rows of one group, of 200 rows of four."""
    for session, groups in ((20, 1), (200, 4)):
        (split,) = splits(rows, "grouped", session, 200, 1)
        for part in split.windows[0].reshape(-1, session):
            assert rows["group"][part].nunique() == groups


def test_quiet_rows__population(answered, monkeypatch, tmp_path):
    """Of ELPV the other kind of cells, of images persons with mixtures of their own."""
    monkeypatch.setattr(quiet, "PERSONS", 4)
    monkeypatch.setattr(quiet, "TOGETHER", 30)
    found = quiet_rows(tmp_path, "fashion", tmp_path)
    assert (len(found), found["group"].nunique()) == (120, 4)
    with pytest.raises(KeyError):
        quiet_rows(tmp_path, "elpv", tmp_path)

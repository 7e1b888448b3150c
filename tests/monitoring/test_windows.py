"""A window knows how much it holds, what of it can be used, and whether it is another one."""

from datetime import timedelta

import numpy as np
import pandas as pd

from monitoring.windows import Window, window_of
from tests.monitoring.scenes import NOW, traffic


def window(*hashes: str | None) -> Window:
    """A window of which the files without a hash could not be read."""
    errors = ["cannot be read" if name is None else None for name in hashes]
    return Window(pd.DataFrame({"hash": list(hashes), "error": errors}, dtype=object))


def test_window__failed_rows_count_but_are_not_usable() -> None:
    """Three samples, of which the first and the last can be used, in order."""
    found = window("a", None, "b")
    assert found.samples == 3
    assert found.usable["hash"].tolist() == ["a", "b"]


def test_window__digest_names_the_traffic() -> None:
    """The same samples in the same order have one digest; order, failures and further samples change it."""
    assert window("a", "b").digest == window("a", "b").digest
    assert len({window(*names).digest for names in [(), ("a", "b"), ("b", "a"), ("a", None), ("a", "b", "c")]}) == 5


def test_window__digest_is_that_of_earlier_releases() -> None:
    """Events carry it in their id: sha256 of the hashes, one after the other."""
    assert window("a", "bc").digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_window__the_newest_row_of_a_sample() -> None:
    """A sample that was scored twice counts as it was scored last."""
    rows = pd.DataFrame({"hash": ["a", "b", "a"], "error": [None] * 3, "turn": [1, 2, 3]}, dtype=object)
    assert Window(rows).usable["turn"].tolist() == [2, 3]


def test_window_of__the_present_term() -> None:
    """Traffic of a version from before it came back into production is not new."""
    rows = traffic(100)  # one a minute, the newest first
    begun = NOW - timedelta(minutes=1400)
    found = window_of(rows, begun)
    assert 0 < found.samples < 100
    assert (found.rows["time"] >= begun).all()
    assert window_of(rows, None).samples == 100


def test_window__answers_that_are_no_numbers_are_not_usable() -> None:
    """A row with a nan is left out, one that failed was out before."""
    rows = traffic(10)
    embeddings, answers = list(rows["embedding"]), list(rows["probabilities"])
    embeddings[0], answers[1] = embeddings[0] * np.nan, answers[1] * np.inf
    embeddings[2] = answers[2] = None
    rows = rows.assign(embedding=embeddings, probabilities=answers, error=[None, None, "cut"] + [None] * 7)
    found = Window(rows)
    assert list(found.usable.index) == list(range(3, 10))
    assert list(found.finite[:3]) == [False, False, True]


def test_window__began() -> None:
    """The time of its oldest row, in whatever order they were written; none for no rows."""
    rows = traffic(3).assign(time=[NOW, NOW - timedelta(hours=2), NOW])
    assert Window(rows).began == "2026-05-01T10:00:00+00:00"
    assert Window(rows[:0]).began == ""

"""A window knows how much it holds, what of it can be used, and whether it is another one."""

import pandas as pd

from monitoring.windows import Window


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

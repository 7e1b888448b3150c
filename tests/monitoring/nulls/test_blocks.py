"""What came together is known by the log's session or group, whichever is coarser."""

import numpy as np
import pandas as pd

from monitoring.nulls.blocks import Blocks, blocks_of, in_blocks


def test_blocks_of__the_coarser_column() -> None:
    """Four rows in two sessions of three groups are two blocks; rows that name none are alone."""
    rows = pd.DataFrame({"session": ["a", "a", "b", "b"], "group": ["x", "x", "y", "z"]})
    found = blocks_of(rows, ["session", "group"])
    assert (found.by, list(found.sizes)) == ("session", [2, 2])
    swapped = blocks_of(rows.rename(columns={"session": "group", "group": "session"}), ["session", "group"])
    assert swapped.by == "group"
    partly = blocks_of(pd.DataFrame({"session": ["a", None, "a", None]}), ["session"])
    assert list(partly.labels) == [0, 1, 0, 2]


def test_blocks_of__nothing_told() -> None:
    """Without such a column, or where it is empty or never the same twice, every row is alone."""
    for rows in (
        pd.DataFrame({"n": range(3)}),
        pd.DataFrame({"session": [None] * 3}),
        pd.DataFrame({"session": "abc"}, [0, 1, 2]).assign(session=list("abc")),
    ):
        found = blocks_of(rows, ["session"])
        assert found.single
        assert (found.by, found.worth) == ("", 3)


def test_blocks__worth() -> None:
    """Four equal blocks are worth four; one that holds most rows leaves little to the others."""
    assert Blocks(np.repeat(np.arange(4), 5)).worth == 4
    assert Blocks(np.array([0] * 18 + [1, 2])).worth == 1
    assert Blocks(np.arange(0)).worth == 0


def test_in_blocks__brings_blocks_together() -> None:
    """Rows of one session that lie apart stand together, in their order."""
    rows, found = in_blocks(pd.DataFrame({"session": list("abab"), "n": range(4)}), ["session"])
    assert (list(rows["n"]), list(found.labels)) == ([0, 2, 1, 3], [0, 0, 1, 1])

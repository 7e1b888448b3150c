"""Pairs of answers from the log."""

import pandas as pd

from serving.canary.pairs import pairs_of

COLUMNS = ["id", "time", "version", "predicted", "error", "group", "session", "label", "labelled"]


def frame(*rows: tuple) -> pd.DataFrame:
    """Rows of a log, of which none abstains."""
    return pd.DataFrame(rows, columns=COLUMNS).assign(abstained=None)


def test_pairs_of__gains_disagreements_and_faults():
    """Only what both were asked about counts; a row that was written twice counts once; others' versions do not."""
    rows = frame(
        ("a", 1, 1, "x", None, None, None, "y", 9), ("a", 1, 2, "y", None, None, None, "y", 9),
        ("a", 1, 2, "y", None, None, None, "y", 9),
        ("b", 2, 1, "x", None, None, None, "x", 8), ("b", 2, 2, "y", None, None, None, "x", 8),
        ("c", 3, 1, "x", None, None, None, None, None), ("c", 3, 2, "x", None, None, None, None, None),
        ("d", 4, 1, "x", None, None, None, "x", 7),
        ("e", 5, 1, "x", None, None, None, "x", 7), ("e", 5, 2, None, "it fails", None, None, "x", 7),
        ("f", 6, 1, None, "none", None, None, None, None), ("f", 6, 2, None, "none", None, None, None, None),
        ("g", 7, 3, "x", None, None, None, "x", 1), ("g", 7, 2, "x", None, None, None, "x", 1),
    )  # fmt: skip
    found = pairs_of(rows, champion=1, canary=2)
    assert found.gains.tolist() == [-1, 1]  # b's label came before a's
    assert found.disagrees.tolist() == [1, 1, 0]
    assert (found.asked, found.failed) == (5, 1)


def test_pairs_of__one_of_each_group():
    """Samples of a group, or of a session where no group is told, go together: the first counts."""
    rows = frame(*(
        (name, place, version, answer, None, group, session, "x", place)
        for place, (name, group, session, champion, canary) in enumerate([
            ("a", "g", None, "x", "y"), ("b", "g", None, "y", "x"),
            ("c", "", "s", "x", "x"), ("d", None, "s", "y", "x"),
            ("e", "g", "s", "y", "x"), ("f", None, None, "y", "x"),
        ])
        for version, answer in ((1, champion), (2, canary))
    ))  # fmt: skip
    found = pairs_of(rows, champion=1, canary=2)
    assert found.gains.tolist() == [-1, 0, 1]
    assert found.disagrees.tolist() == [1, 0, 1]
    assert found.asked == 6


def test_pairs_of__abstentions():
    """Who names no class, of each group: the canary alone, the champion alone, both, neither; old rows do not tell."""
    said = [(True, False), (False, True), (True, True), (False, False), (True, None), (None, None), (True, False)]
    groups = [None] * 5 + ["g", "g"]
    rows = frame(*(
        (str(place), place, version, "x", None, groups[place], None, None, None)
        for place in range(len(said)) for version in (1, 2)
    ))  # fmt: skip
    rows["abstained"] = [silent for canary, champion in said for silent in (champion, canary)]
    assert pairs_of(rows, champion=1, canary=2).abstains.tolist() == [1, -1, 0, 0, 1, 0]


def test_pairs_of__nothing():
    """An empty log is no evidence."""
    found = pairs_of(frame(), 1, 2)
    assert (len(found.gains), len(found.disagrees), found.asked, found.failed) == (0, 0, 0, 0)

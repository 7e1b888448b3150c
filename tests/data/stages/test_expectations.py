"""Great Expectations judges rows and batches."""

from typing import Any

import pandas as pd
import pytest

from data.config import DataConfig
from data.stages.expectations import judge_batch, judge_rows, row_rules

CONFIG = DataConfig.model_validate(
    {
        "source": {"kind": "digits"},
        "tasks": {"kind": {"classes": ("a", "b")}},
        "expectations": {"min_side": 10, "brightness": (5.0, 250.0), "max_quarantined": 0.25},
    }
)
GOOD: dict[str, Any] = {
    "error": None, "width": 20, "height": 20, "frames": 1, "brightness": 99.0,
    "label.kind": "a", "conflict": None, "leak": None, "split": None,
}  # fmt: skip


def reasons_of(*changes: dict[str, Any]) -> list[list[str]]:
    """Reasons against each of some rows, which are good but for their changes."""
    table = pd.DataFrame([{**GOOD, **change} for change in changes])
    columns = ["error", "label.kind", "conflict", "leak", "split"]
    table[columns] = table[columns].astype(object).where(table[columns].notna(), None)
    found: list[list[str]] = [[] for _ in changes]
    for verdict in judge_rows(table, CONFIG):
        assert verdict.success == (not verdict.rows)
        for row, reason in zip(verdict.rows, verdict.reasons, strict=True):
            found[row].append(reason)
    return found


def test_judge_rows__every_rule_at_its_bounds() -> None:
    """Each rule finds its row, names the value and the bound, and lets the bound itself pass."""
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, []),
        ({"width": 10, "height": 10, "brightness": 5.0, "label.kind": "b", "split": "val"}, []),
        ({"error": "cannot be decoded"}, ["cannot be decoded"]),
        ({"width": 9}, ["width 9 is under 10 pixels"]),
        ({"height": 9}, ["height 9 is under 10 pixels"]),
        ({"frames": 3}, ["animated: 3 frames, one is expected; save one as a picture"]),
        ({"brightness": 4.9}, ["mean brightness 4.9 is outside 5 to 250"]),
        ({"brightness": 250.1}, ["mean brightness 250.1 is outside 5 to 250"]),
        ({"label.kind": None}, ["the label is missing"]),
        ({"label.kind": "c"}, [UNKNOWN]),
        ({"conflict": "a and b"}, ["the same content is labelled a and b"]),
        ({"leak": "m-1"}, ["group m-1 lies in more than one given split"]),
        ({"split": "valid"}, ["unknown split 'valid'; give train, val, test or nothing"]),
        ({"width": 9, "label.kind": "c"}, ["width 9 is under 10 pixels", UNKNOWN]),
    ]
    assert reasons_of(*(change for change, _ in cases)) == [expected for _, expected in cases]


def test_judge_rows__an_undecodable_file_has_one_reason() -> None:
    """The zeros of a file without facts are no further faults."""
    assert reasons_of({"error": "empty", "width": 0, "height": 0, "frames": 0, "brightness": 0.0}) == [["empty"]]


def test_judge_rows__all_good() -> None:
    """Good rows keep every rule, and each rule was asked of each row."""
    verdicts = judge_rows(pd.DataFrame([GOOD] * 3).astype({"split": object}), CONFIG)
    assert len(verdicts) == len(row_rules(CONFIG))
    assert all(verdict.success and verdict.checked == 3 for verdict in verdicts)


UNKNOWN = (
    "labelled 'c', which the domain does not know: add it to tasks.kind.classes, or say in tasks.kind.renamed which of "
    "a, b it is"
)


BAD = "of the rows are bad, more than 25.0% (max_quarantined)"
FEW = "of the accepted samples, 3 are needed (min_per_class)"


@pytest.mark.parametrize(
    ("accepted", "counts", "broken"),
    [
        (75, (3, 72), []),
        (74, (3, 71), [f"26.0% {BAD}"]),
        (100, (1, 99), [f"1 {FEW}"]),
        (0, (0, 0), [f"0 {FEW}", f"0 {FEW}", f"100.0% {BAD}"]),
    ],
)
def test_judge_batch__limits(accepted: int, counts: tuple[int, int], broken: list[str]) -> None:
    """A class with too few samples and too many bad rows stop a batch; the limits themselves pass."""
    table = pd.DataFrame({"class": ["a", "b"], "accepted": counts})
    verdicts = judge_batch(table, accepted, 100, CONFIG)
    assert [reason for verdict in verdicts for reason in verdict.reasons] == broken

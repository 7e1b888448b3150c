"""A chain of hashes shows which row was changed."""

from typing import Any

import pytest

from registry.ledger.chain import START, chained, first_fault, row_hash

Rows = list[dict[str, Any]]


def chain(count: int) -> Rows:
    """A sound chain."""
    rows: Rows = []
    for place in range(1, count + 1):
        rows.append(chained({"id": place, "sequence": place, "to": place}, rows[-1]["hash"] if rows else START))
    return rows


def without(rows: Rows, place: int) -> Rows:
    """The chain with one row taken out."""
    return rows[: place - 1] + rows[place:]


def replaced(rows: Rows, place: int, **changes: Any) -> Rows:
    """The chain with one row changed."""
    return [{**row, **changes} if row["sequence"] == place else row for row in rows]


def rehashed(rows: Rows, place: int) -> Rows:
    """The chain with one row changed by somebody who computes its hash anew."""
    changed = {**rows[place - 1], "to": 9}
    return replaced(rows, place, to=9, hash=row_hash(changed))


def test_row_hash__canonical():
    """Neither the order of the columns nor the database's own number is in it; every other value is."""
    row = {"sequence": 1, "reason": "größer", "from": None}
    assert row_hash(row) == row_hash({"id": 7, "from": None, "reason": "größer", "sequence": 1, "hash": "x"})
    assert row_hash(row) != row_hash({**row, "from": 1})


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], None),
        (chain(4), None),
        (replaced(chain(4), 2, to=9), "row 2 was altered"),
        (without(chain(4), 1), "row 1 is missing: row 2 stands in its place"),
        (without(chain(4), 3), "row 3 is missing"),
        (rehashed(chain(4), 2), "row 3 names another hash"),
        (replaced(chain(4), 1, previous_hash="a" * 64), "row 1 was altered"),
        (chain(4)[:2] + chain(4)[1:], "row 3 is missing: row 2 stands in its place"),
        (chain(4)[:2], None),
    ],
)
def test_first_fault(rows, fault):
    """The first broken row and what is wrong; rows that were cut off at the end leave no trace."""
    found = first_fault(rows)
    assert (found or "").startswith(fault or "")
    assert (found is None) == (fault is None)

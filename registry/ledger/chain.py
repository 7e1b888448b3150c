"""The hash chain of the ledger: each row carries the hash of the row before it, so that a change is seen."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

START = "0" * 64  # what the first row of a domain names as the hash before it
UNHASHED = {"id", "hash"}  # the database's own number, and the hash itself


def row_hash(row: Mapping[str, Any]) -> str:
    """Hex sha256 of a row as canonical JSON: sorted names, no spaces, ASCII; the previous row's hash is in it."""
    content = {name: value for name, value in row.items() if name not in UNHASHED}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def chained(row: Mapping[str, Any], previous: str) -> dict[str, Any]:
    """A row with the hash of the row before it and its own."""
    linked = {**row, "previous_hash": previous}
    return {**linked, "hash": row_hash(linked)}


def first_fault(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """The first row of one domain that breaks the chain and what is wrong with it; None: the chain is whole.

    Rows come by sequence. Rows that were cut off at the end leave no trace here: compare with a hash kept elsewhere.
    """
    previous = START
    for place, row in enumerate(rows, start=1):
        fault = _fault(row, place, previous)
        if fault:
            return fault
        previous = row["hash"]
    return None


def _fault(row: Mapping[str, Any], place: int, previous: str) -> str | None:
    if row["sequence"] != place:
        return f"row {place} is missing: row {row['sequence']} stands in its place"
    if row["hash"] != row_hash(row):
        return f"row {place} was altered: its content does not give its hash"
    if row["previous_hash"] != previous:
        return f"row {place} names another hash than that of the row before it: one of the two was replaced"
    return None

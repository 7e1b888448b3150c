"""What was counted and decided on test sets, written once and chained: a use that is altered, added or gone is seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from registry.ledger.chain import START, chained, first_fault
from registry.ledger.history import row_time
from registry.ledger.sql.tables import RECORDS, TEST_SET_USES

Kind = Literal["use", "outcome"]
REMEDY = "restore the database from a backup"


@dataclass(frozen=True)
class Decided:
    """What a decision of the gate was about, so that it is good for nothing else.

    Attributes:
        evidence: sha256 of the decision.
        champion: the version that it was compared with.
        best: the version that its successors are held to; none: itself.
        packages: sha256 of each package's manifest, by version.
        rule: sha256 of the domain's `gate:`.
        test_set: digest of the whole test set.
    """

    evidence: str
    champion: int | None
    best: int | None
    packages: Mapping[str, str]
    rule: str
    test_set: str


def write_record(connection: Connection, domain: str, kind: Kind, content: Mapping[str, Any]) -> None:
    """Adds a row to a domain's chain, within the transaction that writes what it tells."""
    last = connection.execute(_of(domain).order_by(RECORDS.c.sequence.desc()).limit(1)).mappings().first()
    row = {
        "domain": domain, "kind": kind, "sequence": last["sequence"] + 1 if last else 1,
        "content": json.dumps(dict(content), sort_keys=True), "time": row_time(connection, domain),
    }  # fmt: skip
    connection.execute(insert(RECORDS).values(chained(row, last["hash"] if last else START)))


def last_decision(connection: Connection, domain: str, version: int, since: str) -> Decided | None:
    """The newest decision about a version after a time; none: there is none on record."""
    query = _of(domain).where(RECORDS.c.kind == "outcome", RECORDS.c.time > since).order_by(RECORDS.c.sequence.desc())
    found = (json.loads(row["content"]) for row in connection.execute(query).mappings())
    bound = next((one["decided"] for one in found if one["version"] == version and one["decided"]), None)
    return Decided(**bound) if bound else None


def record_fault(connection: Connection, domain: str) -> str | None:
    """What is wrong with a domain's record of its test sets' uses; none: nothing.

    Uses of a release that kept no record are taken as they are.
    """
    rows = [dict(row) for row in connection.execute(_of(domain).order_by(RECORDS.c.sequence)).mappings()]
    broken = first_fault(rows)
    if broken:
        return f"record of the test sets' uses: {broken}; {REMEDY}"
    uses = {_place(use): use for use in _uses(connection, domain)}
    known = _told(rows)
    for place, told in known.items():
        name = f"use {place[1]} of test set generation {place[0]}"
        if place not in uses:
            return f"{name} is gone, though the record has it; {REMEDY}"
        differ = [key for key, value in told.items() if uses[place][key] != value]
        if differ:
            return f"{name} was altered: {', '.join(differ)} differ from the record; {REMEDY}"
    added = [place for place, use in uses.items() if place not in known and rows and use["time"] > rows[0]["time"]]
    return f"use {added[0][1]} of test set generation {added[0][0]} is not on record; {REMEDY}" if added else None


def _told(rows: list[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    """What the record says of every use: how it was counted, and its latest outcome."""
    told: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows:
        content = json.loads(row["content"])
        known = content if row["kind"] == "use" else {"outcome": content["outcome"]}
        told.setdefault(_place(content), {}).update(known)
    return told


def _place(use: Mapping[str, Any]) -> tuple[int, int]:
    return int(use["generation"]), int(use["number"])


def _uses(connection: Connection, domain: str) -> list[dict[str, Any]]:
    found = connection.execute(select(TEST_SET_USES).where(TEST_SET_USES.c.domain == domain)).mappings()
    return [dict(row) for row in found]


def _of(domain: str) -> Any:
    return select(RECORDS).where(RECORDS.c.domain == domain)

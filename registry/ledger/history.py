"""What the rows of one domain's ledger say: which version a rollback returns to, and which are in quarantine.

A domain may be removed and made anew under its name: what came before the removal is history, and counts no more.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, func, select

from registry.ledger.sql.tables import CHECKS, EVENTS, LEDGER, MARKS, RECORDS, TEST_SET_USES

REMOVE: Literal["remove"] = "remove"  # the action that ends a domain
NOTHING = 0  # stands for the version that is in production after it


@dataclass(frozen=True)
class Entry:
    """One row: version `to_version` of a domain took the place of `from_version` (none: it is the first).

    `to_version` is NOTHING where the domain was removed.

    `expected_from` is the champion that the writer had compared with, `approval` JSON of who agreed, when and with
    which comment (empty: nobody was asked), `evidence` the sha256 of the gate's decision.
    """

    id: int
    domain: str
    sequence: int
    action: str
    from_version: int | None
    to_version: int
    expected_from: int | None
    actor: str
    reason: str
    approval: str
    evidence: str
    dataset_version: str
    time: str
    previous_hash: str
    hash: str


def since_removal(entries: Sequence[Entry]) -> list[Entry]:
    """The rows of the present domain: those after the last removal of an earlier one of that name."""
    removals = [place for place, entry in enumerate(entries, start=1) if entry.action == REMOVE]
    return list(entries[removals[-1] if removals else 0 :])


def removed_at(connection: Connection, domain: str) -> str:
    """When a domain of that name was last removed, as the ledger writes times; empty: never."""
    ours = (LEDGER.c.domain == domain) & (LEDGER.c.action == REMOVE)
    return connection.scalar(select(func.max(LEDGER.c.time)).where(ours)) or ""


def row_time(connection: Connection, domain: str) -> str:
    """Time of a row that is written now: after the last removal, or it would be hidden once a clock was set back."""
    removed = removed_at(connection, domain)
    now = datetime.now(UTC)
    if removed:
        now = max(now, datetime.fromisoformat(removed) + timedelta(microseconds=1))
    return row_stamp(now)


def row_stamp(time: datetime) -> str:
    """A time as rows have it: UTC in ISO form with a fixed number of digits, so that texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def term_began(entries: Sequence[Entry]) -> datetime | None:
    """When the present champion came, or came back, into production; None: there is none."""
    last = entries[-1] if entries else None
    return datetime.fromisoformat(last.time) if last and last.to_version != NOTHING else None


def newest_row(connection: Connection, domain: str) -> str:
    """The latest time that stands beside a domain's ledger; empty: nothing does."""
    tables = (EVENTS, RECORDS, TEST_SET_USES, CHECKS, MARKS)
    times = [connection.scalar(select(func.max(one.c.time)).where(one.c.domain == domain)) for one in tables]
    return max(time or "" for time in times)


def quarantined(entries: Sequence[Entry]) -> dict[int, Entry]:
    """Versions that were rolled back and may not return by themselves, with the row that rolled them back.

    A version leaves quarantine when it is put into production again. A rollback that takes back the row just before it,
    by which its target went into quarantine, finds no fault with the version that it leaves: that one stays free.
    """
    barred: dict[int, Entry] = {}
    before = None
    for entry in since_removal(entries):
        returned = barred.pop(entry.to_version, None)
        takes_back = returned is not None and returned is before
        if entry.action == "rollback" and entry.from_version is not None and not takes_back:
            barred[entry.from_version] = entry
        before = entry
    return barred


def ways_back(entries: Sequence[Entry]) -> list[int]:
    """Versions that a rollback may return to, the latest in production first; none of them is in quarantine."""
    present, barred = since_removal(entries), quarantined(entries)
    earlier = [entry.to_version for entry in reversed(present[:-1])]
    return [
        version for version in dict.fromkeys(earlier) if version not in barred and version != present[-1].to_version
    ]


def way_back(entries: Sequence[Entry], there: Container[int]) -> int | None:
    """What a rollback returns to: the first way back that is still `there` in MLflow; None: nothing is left."""
    return next((version for version in ways_back(entries) if version in there), None)


def quarantine_reason(entry: Entry) -> str:
    """One line about the row that put a version into quarantine, for people."""
    return f"rolled back by {entry.actor} at {entry.time[:19]} ({entry.reason})"

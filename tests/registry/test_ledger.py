"""The ledger keeps every promotion and rollback, whoever writes at the same time."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.errors import LedgerConflictError, LedgerError
from registry.ledger import Entry, Ledger

WRITER = """
import sys
from registry.errors import LedgerConflictError
from registry.ledger import Ledger

ledger = Ledger(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    expected, to = (int(word) or None for word in line.split())
    try:
        ledger.append("solar", action="promote", expected=expected, to=to, actor="writer", reason="race",
                      evidence="", dataset_version="")
        print("won", flush=True)
    except LedgerConflictError:
        print("lost", flush=True)
"""
ROOT = Path(__file__).parents[2]
WRITERS = 4
ROUNDS = 15


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger in a folder that does not exist yet."""
    return Ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}")


def write(ledger: Ledger, expected: int | None, to: int, **changes: Any) -> Entry:
    """Appends one promotion for solar."""
    parts = {"action": "promote", "actor": "ann", "reason": "better", "evidence": "", "dataset_version": "md5.dir"}
    domain = changes.pop("domain", "solar")
    return ledger.append(domain, expected=expected, to=to, **(parts | changes))


def test_append__keeps_everything(ledger: Ledger) -> None:
    """What was written is read back, in order, with its UTC time."""
    evidence = "ab" * 32
    first = write(ledger, None, 1, evidence=evidence)
    second = write(ledger, 1, 2, reason="better still")
    assert ledger.entries("solar") == [first, second]
    assert (first.sequence, first.from_version, first.to_version, first.evidence) == (1, None, 1, evidence)
    assert (second.sequence, second.from_version, second.actor, second.dataset_version) == (2, 1, "ann", "md5.dir")
    assert datetime.fromisoformat(second.time).utcoffset() == timedelta(0)


def test_append__survives_reopening(tmp_path: Path) -> None:
    """Another process sees the same ledger, and opening it again loses nothing."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    write(Ledger(url), None, 1)
    assert Ledger(url).champion("solar") == 1


def test_champion__of_an_empty_ledger(ledger: Ledger) -> None:
    """Before the first promotion there is no champion, no previous and no entry."""
    assert (ledger.champion("solar"), ledger.previous("solar"), ledger.entries("solar")) == (None, None, [])


def test_append__domains_are_apart(ledger: Ledger) -> None:
    """Each domain counts for itself."""
    write(ledger, None, 1)
    assert write(ledger, None, 7, domain="digits").sequence == 1
    assert (ledger.champion("solar"), ledger.champion("digits")) == (1, 7)


@pytest.mark.parametrize("expected", [None, 2])
def test_append__other_champion(ledger: Ledger, expected: int | None) -> None:
    """A writer that expects another champion is told which one there is, and writes nothing."""
    write(ledger, None, 1)
    with pytest.raises(LedgerConflictError, match=f"the champion is 1, not {expected} as expected"):
        write(ledger, expected, 3)
    assert len(ledger.entries("solar")) == 1


def test_previous__after_rollback_and_forward(ledger: Ledger) -> None:
    """1, 2, back to 1, forward to 2: previous is always the version in production before."""
    seen = []
    for action, expected, to in [("promote", None, 1), ("promote", 1, 2), ("rollback", 2, 1), ("rollback", 1, 2)]:
        write(ledger, expected, to, action=action)
        seen.append((ledger.champion("solar"), ledger.previous("solar")))
    assert seen == [(1, None), (2, 1), (1, 2), (2, 1)]
    assert [entry.action for entry in ledger.entries("solar")] == ["promote", "promote", "rollback", "rollback"]


def test_append__rollback_to_what_never_was(ledger: Ledger) -> None:
    """A rollback cannot bring in a version that never passed the gate."""
    write(ledger, None, 1)
    with pytest.raises(LedgerError, match=r"version 5 was never in production; roll back to one of \[1\]"):
        write(ledger, 1, 5, action="rollback")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"to": 1}, "the present champion"),
        ({"to": 0}, "below 1"),
        ({"to": 2, "action": "delete"}, "'delete': the ledger knows promote and rollback"),
        ({"to": 2, "evidence": "yes"}, "'yes' is no sha256"),
    ],
)
def test_append__senseless_entry(ledger: Ledger, changes: dict[str, Any], message: str) -> None:
    """An entry that makes no sense is refused and not written."""
    write(ledger, None, 1)
    with pytest.raises(LedgerError, match=message):
        write(ledger, 1, **changes)
    assert len(ledger.entries("solar")) == 1


def test_at__time_travel(ledger: Ledger) -> None:
    """The champion of a past moment is found, in any time zone."""
    first, second = (datetime.fromisoformat(write(ledger, *step).time) for step in [(None, 1), (1, 2)])
    moment = timedelta(microseconds=1)
    assert ledger.at("solar", first - moment) is None
    assert ledger.at("solar", second - moment) == 1
    assert ledger.at("solar", second.astimezone()) == 2
    with pytest.raises(LedgerError, match="no time zone"):
        ledger.at("solar", first.replace(tzinfo=None))


def test_append__processes_at_once(tmp_path: Path) -> None:
    """Four processes race for every promotion: each round has one winner, and no row is lost or doubled."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    command = [sys.executable, "-c", WRITER, url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    writers = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(WRITERS)]
    try:
        assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * WRITERS
        champion = 0
        for number in range(ROUNDS):
            answers = race(writers, expected=champion, first=number * WRITERS + 1)
            assert sorted(answers) == ["lost\n"] * (WRITERS - 1) + ["won\n"]
            champion = number * WRITERS + 1 + answers.index("won\n")
            assert Ledger(url).champion("solar") == champion
    finally:
        for writer in writers:
            writer.communicate(timeout=30)
    assert [entry.sequence for entry in Ledger(url).entries("solar")] == list(range(1, ROUNDS + 1))


def race(writers: list[Any], *, expected: int, first: int) -> list[str]:
    """Sends every writer off with the same expectation and a version of its own; returns their answers."""
    for place, writer in enumerate(writers):
        writer.stdin.write(f"{expected} {first + place}\n")
    return [writer.stdout.readline() for writer in writers]


def test_append__sequence_number_taken(ledger: Ledger, tmp_path: Path) -> None:
    """On a database without a lock of ours the unique sequence number still lets one writer win."""
    write(ledger, None, 1)
    with sqlite3.connect(tmp_path / "new" / "ledger.db") as other:
        other.execute(
            "create trigger rival before insert on ledger when new.actor = 'ann' begin "
            "insert into ledger select 99, domain, new.sequence, action, 1, 9, 'bob', '', '', '', time from ledger; end"
        )
    with pytest.raises(LedgerConflictError, match="another process wrote first"):
        write(ledger, 1, 2)
    assert ledger.champion("solar") == 1


@pytest.mark.parametrize(
    "url",
    ["sqlite:////proc/none/ledger.db", "postgresql+nothing://me:secret@localhost/db", "no url", "sqlite://"],
)
def test_ledger__unreachable(url: str) -> None:
    """A database that cannot be opened is one line that names the setting and no password."""
    with pytest.raises(LedgerError, match=r"^ledger ") as caught:
        Ledger(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_ledger__file_that_is_no_database(tmp_path: Path) -> None:
    """A file of another kind is refused and left as it is."""
    path = tmp_path / "ledger.db"
    path.write_text("not a database " * 100)
    with pytest.raises(LedgerError, match="file is not a database; check REGRAFT_LEDGER_URL"):
        Ledger(f"sqlite:///{path}")
    assert path.read_text().startswith("not a database")


def test_entries__lost_database(ledger: Ledger, tmp_path: Path) -> None:
    """A database that goes away later is the same clear error."""
    (tmp_path / "new" / "ledger.db").unlink()
    with pytest.raises(LedgerError, match="no such table"):
        ledger.entries("solar")


def test_stamps__sort_as_times_do(ledger: Ledger) -> None:
    """Every time has the same length, so that texts compare as times."""
    times = [write(ledger, step or None, step + 1).time for step in range(5)]
    assert times == sorted(times)
    assert {len(time) for time in times} == {len(datetime.now(UTC).isoformat(timespec="microseconds"))}

"""The ledger keeps every promotion and rollback, whoever writes at the same time."""

import resource
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.errors import LedgerConflictError, LedgerError, QuarantineError
from registry.ledger.history import Entry
from registry.ledger.ledger import Change, Ledger, Verification
from tasks.judging.approval import Approval, approval_text


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger in a folder that does not exist yet."""
    return Ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}")


def write(ledger: Ledger, expected: int | None, to: int, **changes: Any) -> Entry:
    """Appends one promotion for solar."""
    parts = {"action": "promote", "actor": "ann", "reason": "better", "evidence": "", "dataset_version": "md5.dir"}
    domain = changes.pop("domain", "solar")
    return ledger.append(Change(domain, expected=expected, to=to, **(parts | changes)))


def tamper(ledger: Ledger, statement: str) -> None:
    """Changes the table as somebody could who has the database's password."""
    with ledger._database.writing() as connection:
        connection.exec_driver_sql(statement)


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
    """Before the first promotion there is no champion and no entry."""
    assert (ledger.champion("solar"), ledger.entries("solar")) == (None, [])


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


def test_append__quarantine(ledger: Ledger) -> None:
    """What was rolled back returns only by a deliberate promotion, which lifts the quarantine."""
    write(ledger, None, 1), write(ledger, 1, 2), write(ledger, 2, 1, action="rollback", reason="worse at night")
    remedy = r"v2 was rolled back by ann at .* \(worse at night\) .*; `regraft promote solar 2 --reason …`"
    with pytest.raises(QuarantineError, match=remedy):
        write(ledger, 1, 2)
    assert len(ledger.entries("solar")) == 3
    write(ledger, 1, 2, deliberate=True)
    write(ledger, 2, 3)
    assert write(ledger, 3, 2).to_version == 2


def test_append__nothing_to_roll_back_from(ledger: Ledger) -> None:
    """The first version comes in through the gate."""
    with pytest.raises(LedgerError, match="nothing is in production that a rollback could leave"):
        write(ledger, None, 1, action="rollback")


def test_append__approval(ledger: Ledger) -> None:
    """Who agreed, when and with which comment is kept as JSON and is part of the chain."""
    given = approval_text(Approval(approve=True, approver="Ada", comment="größer"))
    assert write(ledger, None, 1, approval=given) == ledger.entries("solar")[0]
    assert ledger.entries("solar")[0].approval == given
    tamper(ledger, "update ledger set approval = ''")
    assert "row 1 was altered" in str(ledger.verify("solar").fault)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"to": 1}, "the present champion"),
        ({"to": 0}, "below 1"),
        ({"to": 2, "action": "delete"}, "'delete': the ledger knows promote, rollback and remove"),
        ({"to": 2, "evidence": "yes"}, "'yes' is no sha256"),
        ({"to": 2, "approval": "Ada"}, "'Ada' is no JSON object"),
        ({"to": 2, "approval": "[]"}, "is no JSON object"),
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


def test_append__sequence_number_taken(ledger: Ledger, tmp_path: Path) -> None:
    """On a database without a lock of ours the unique sequence number still lets one writer win."""
    write(ledger, None, 1)
    with sqlite3.connect(tmp_path / "new" / "ledger.db") as other:
        other.execute(
            "create trigger rival before insert on ledger when new.actor = 'ann' begin "
            "insert into ledger select 99, domain, new.sequence, action, 1, 9, 1, 'bob', '', '', '', '', time, '', '' "
            "from ledger; end"
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


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("update ledger set to_version = 9 where sequence = 2", "row 2 was altered"),
        ("delete from ledger where sequence = 1", "row 1 is missing"),
        ("update ledger set previous_hash = hash where sequence = 3", "row 3 was altered"),
    ],
)
def test_verify__changed_by_hand(ledger: Ledger, statement: str, fault: str) -> None:
    """The first broken row of the domain is named; other domains are not blamed."""
    write(ledger, None, 1, domain="digits")
    heads = [write(ledger, step or None, step + 1).hash for step in range(3)]
    assert ledger.verify("solar") == Verification("solar", 3, heads[-1], None)
    tamper(ledger, f"{statement} and domain = 'solar'")
    assert str(ledger.verify("solar").fault).startswith(fault)
    assert ledger.verify("digits").fault is None
    assert ledger.domains() == ["digits", "solar"]


def test_verify__cut_off_at_the_end(ledger: Ledger) -> None:
    """Only a hash that was kept elsewhere shows rows cut off; one that was kept before later rows is good, too."""
    heads = [write(ledger, step or None, step + 1).hash for step in range(3)]
    assert [ledger.verify("solar", head).fault for head in heads] == [None] * 3
    tamper(ledger, "delete from ledger where sequence = 3")
    assert ledger.verify("solar").fault is None
    assert f"no row has the hash {heads[2]}" in str(ledger.verify("solar", heads[2]).fault)


def test_at__clock_set_back(ledger: Ledger) -> None:
    """A row is never older than the one before it, whatever the machine's clock says."""
    first = write(ledger, None, 1)
    tamper(ledger, "update ledger set time = '2999' || substr(time, 5)")
    assert write(ledger, 1, 2).time == "2999" + first.time[4:]


def test_append__disk_is_full(ledger: Ledger, tmp_path: Path) -> None:
    """A row that the disk refuses is one line; the rows before it stand, and it is written once there is room."""
    write(ledger, None, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "new" / "ledger.db").stat().st_size, hard))
    try:
        with pytest.raises(LedgerError, match=r"disk I/O error; nothing was written; make room"):
            write(ledger, 1, 2, reason="better" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ledger.champion("solar") == 1
    assert write(ledger, 1, 2).sequence == 2
    assert ledger.verify("solar").fault is None


def test_ledger__server_that_goes_away(
    postgresql: str, postgresql_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """While PostgreSQL is stopped each use is one clear line; afterwards the same ledger goes on where it was."""
    ledger = Ledger(postgresql)
    write(ledger, None, 1)
    postgresql_server.stop()
    try:
        with pytest.raises(LedgerError, match=r"^ledger postgresql://.* check REGRAFT_LEDGER_URL"):
            write(ledger, 1, 2)
    finally:
        postgresql_server.start()
    assert not [record for record in caplog.records if record.exc_info]
    assert write(ledger, 1, 2).sequence == 2
    assert ledger.verify("solar").fault is None

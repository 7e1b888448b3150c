"""Whatever is done to the record of a test set's uses by hand is seen."""

import re
from dataclasses import replace

import pytest

from registry.ledger.ledger import Ledger
from registry.ledger.records import Decided
from registry.ledger.sql.database import for_writing, open_engine
from registry.ledger.uses import Use, Uses

WANTED = Use("photos", 0, "t" * 64, "auc", 2, champion=1, actor="Ada")
ADDED = """insert into test_set_uses
(domain, generation, number, test_set, question, version, purpose, outcome, time, actor)
select domain, generation, 9, test_set, question, 7, purpose, outcome, '2999', actor
from test_set_uses where number = 1"""
DECIDED = Decided("e" * 64, 1, 1, {"1": "a", "2": "b"}, "rule", "t")


@pytest.fixture
def url(tmp_path):
    """A ledger with three uses, of which the second has come to a decision."""
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    taken = [Uses(address).take(replace(WANTED, version=version)) for version in (2, 3, 4)]
    Uses(address).settle(taken[1], "HOLD", DECIDED)
    return address


def changed(url, statement):
    """What verify says after a statement by hand."""
    with for_writing(open_engine(url)).begin() as connection:
        connection.exec_driver_sql(statement)
    return Ledger(url).verify("photos").fault


def test_record_fault__untouched(url):
    """Uses, outcomes and repeated ones are in order; another domain has a chain of its own."""
    Uses(url).settle(Uses(url).take(replace(WANTED, version=3)), "PROMOTE")
    Uses(url).take(replace(WANTED, domain="cells"))
    assert Ledger(url).verify("photos").fault is None
    assert Ledger(url).verify("cells").fault is None


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("delete from test_set_uses where number = 2", "use 2 of test set generation 0 is gone, though the record has"),
        ("update test_set_uses set outcome = 'PROMOTE' where number = 2", "use 2 .* was altered: outcome differ"),
        ("update test_set_uses set look = 1 where number = 3", "use 3 .* was altered: look differ"),
        ("delete from regraft_records where sequence = 2", "row 2 is missing"),
        ("update regraft_records set content = '{}' where sequence = 2", "row 2 was altered"),
    ],
)
def test_record_fault__by_hand(url, statement, told):
    """The row is named, and the remedy."""
    fault = changed(url, statement)
    assert re.search(told, fault), fault
    assert fault.endswith("restore the database from a backup")


def test_record_fault__added_by_hand(url):
    """A use that nobody recorded is told."""
    fault = changed(url, ADDED)
    assert fault.startswith("use 9 of test set generation 0 is not on record")


def test_take__after_a_gap(url):
    """A row that was deleted does not stop the uses that follow."""
    changed(url, "delete from test_set_uses where number = 2")
    assert Uses(url).take(replace(WANTED, version=5)).number == 4


def test_decided__newest(url):
    """The newest decision about a version counts; none is on record of one that was only counted."""
    assert Uses(url).decided("photos", 3) == DECIDED
    assert Uses(url).decided("photos", 4) is None
    newer = replace(DECIDED, evidence="f" * 64)
    Uses(url).settle(Uses(url).take(replace(WANTED, version=3)), "PROMOTE", newer)
    assert Uses(url).decided("photos", 3) == newer

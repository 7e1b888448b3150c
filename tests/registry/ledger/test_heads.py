"""The head of a ledger is kept in the project, too, and missed where its row is gone."""

import pytest

from registry.errors import LedgerError
from registry.ledger.heads import head_of, head_path, keep_head, kept_head, refuse_shortened, verify_all, verify_kept
from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings

FACTS = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}


@pytest.fixture
def ledger(project):
    """A ledger with two rows of `photos`."""
    made = Ledger(load_settings().ledger)
    made.append(Change("photos", "promote", None, 1, **FACTS)), made.append(Change("photos", "promote", 1, 2, **FACTS))
    return made


def test_keep_head__the_last_row(ledger):
    """The last row's number and hash; of no rows nothing; what is kept already is not written again."""
    keep_head("photos", [])
    assert kept_head("photos") == ""
    entries = ledger.entries("photos")
    keep_head("photos", entries)
    assert kept_head("photos") == f"2 {entries[-1].hash}"
    written = head_path("photos").stat().st_mtime_ns
    keep_head("photos", entries)
    assert head_path("photos").stat().st_mtime_ns == written


@pytest.mark.parametrize("place", ["MLflow", "heads/photos"])
def test_refuse_shortened__by_place(ledger, place):
    """A kept row that is not there is refused, and how its loss is accepted is told; an older row is no fault."""
    entries = ledger.entries("photos")
    keep_head("photos", entries[: 1 if place == "MLflow" else 2])
    tagged = head_of(entries[1 if place == "MLflow" else 0])
    refuse_shortened("photos", entries, tagged)
    with pytest.raises(LedgerError, match=rf"row 2 of 'photos', of which \S*{place} keeps the hash, is not in it"):
        refuse_shortened("photos", entries[:1], tagged)


def test_verify_all__a_ledger_that_is_gone(ledger):
    """Domains whose head alone is left are told, with the rows that are missing."""
    assert [(one.domain, one.fault) for one in verify_all(ledger)] == [("photos", None)]
    head_path("other").parent.mkdir()
    head_path("other").write_text("1 " + "e" * 64)
    faults = {one.domain: one.fault for one in verify_all(ledger)}
    assert faults["photos"] is None
    assert "no row has the hash eee" in faults["other"]
    assert verify_kept(ledger, "other").fault == faults["other"]

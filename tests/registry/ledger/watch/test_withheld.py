"""Samples that led to a rollback stay out until somebody releases them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Mark, Marks
from registry.ledger.watch.withheld import withheld


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An empty database."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def rolled_back(url: str, *hashes: str, delivery: str = "rolled back to v1", outcome: str = "rollback") -> None:
    """A check that led there, of these samples."""
    figures = json.dumps({"withheld": hashes})
    record = CheckRecord("photos", 2, "w", suspect=True, outcome=outcome, reason="worse", figures=figures)
    newest = Checks(url).newest("photos", 1)
    Checks(url).add(replace(record, delivery=delivery), newest[0].key if newest else "")


def test_withheld__of_all_rollbacks(url: str) -> None:
    """Of this domain; a rollback that was void keeps nothing out, nor does one of an earlier release."""
    rolled_back(url, "a", "b"), rolled_back(url, "b", "c")
    rolled_back(url, "d", delivery="no rollback: v1 is in production by now")
    rolled_back(url, "e", delivery="")
    rolled_back(url, "f", outcome="hold")
    assert withheld(url, "photos") == {"a", "b", "c"}
    assert withheld(url, "other") == set()


def test_withheld__released(url: str) -> None:
    """What came before the release is free, what comes after it is not."""
    rolled_back(url, "a")
    Marks(url).add(Mark("photos", "release", "", "me", "labels were mended"))
    assert withheld(url, "photos") == set()
    rolled_back(url, "b")
    assert withheld(url, "photos") == {"b"}

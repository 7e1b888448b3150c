"""The ledger as people read it."""

import json

import pytest

from flows.cli.models.ledger import print_ledger
from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings


@pytest.mark.usefixtures("project")
def test_print_ledger__80_columns(capsys, monkeypatch):
    """What, when, who with who approved, why and the beginning of the evidence, within 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    ledger = Ledger(load_settings().ledger)
    agreed = json.dumps({"approver": "Bea", "time": "t", "comment": ""})
    ledger.append(Change("solar", "promote", None, 1, "Ada", "a reason that is long " * 9, "e" * 64, "d", agreed))
    ledger.append(Change("digits", "promote", None, 1, "Ada", "of another domain", "e" * 64, "d"))
    print_ledger("solar", ledger.entries("solar"))
    lines = capsys.readouterr().out.splitlines()
    text = " ".join(" ".join(lines).replace("│", " ").split())
    assert max(map(len, lines)) <= 80
    assert ("promote" in text, "v1" in text, "eeeeeeee" in text, "another" in text) == (True, True, True, False)
    assert "Bea" in text

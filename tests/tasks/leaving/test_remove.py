"""What a removal would take, and the ledger's last row."""

import pytest

from registry.ledger.ledger import Change, Ledger
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.leaving.removal import plan_removal
from tasks.leaving.remove import close_ledger


@pytest.mark.parametrize("name", ["nothere", "../digits"])
def test_plan_removal__no_such_domain(tracked, name):
    """A name that no domain has, or can have, is refused."""
    with pytest.raises(ConfigError):
        plan_removal(name)


def test_plan_removal__only_a_file(tracked):
    """Of a domain that nobody has prepared little goes."""
    found = plan_removal("digits")
    assert found.goes == ("the schedules retrain/digits and monitor/digits in Prefect", "domains/digits.yaml")


def test_close_ledger__one_row_and_only_where_there_was_one(tracked):
    """A domain that was never in production gets no row, and a second try writes none."""
    ledger = Ledger(load_settings().ledger)
    close_ledger.fn("photos", "r")
    assert ledger.entries("photos") == []
    ledger.append(Change("photos", "promote", None, 1, "me", "r", "", "d"))
    close_ledger.fn("photos", "moved"), close_ledger.fn("photos", "moved")
    assert [(entry.action, entry.reason) for entry in ledger.entries("photos")] == [
        ("promote", "r"),
        ("remove", "moved"),
    ]

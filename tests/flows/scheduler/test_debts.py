"""What checks owe is paid by the process that runs the schedules, too."""

import asyncio
import logging

import pytest

from flows.scheduler import debts
from flows.scheduler.debts import pay_debts, pay_debts_of
from registry.errors import LedgerError


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Whose debts were paid, and who was told; the ledger cannot be reached for `broken`."""
    found: list[str] = []

    def deliver(name: str) -> list[str]:
        if name == "broken":
            raise LedgerError("the ledger is down")
        found.append(name)
        return ["retrain, run blue-fox"]

    monkeypatch.setattr(debts.deliver, "fn", deliver)
    monkeypatch.setattr(debts.alert, "fn", lambda name: found.append(f"told {name}"))
    monkeypatch.setattr(debts, "PAY", 0.01)
    return found


def test_pay_debts_of__a_fault_is_told(asked, caplog):
    """What was started is said; a fault stops nothing."""
    with caplog.at_level(logging.INFO):
        pay_debts_of("photos"), pay_debts_of("broken")
    assert asked == ["photos", "told photos"]
    assert "photos: retrain, run blue-fox" in caplog.text
    assert "broken: what its checks owe is not started: the ledger is down" in caplog.text


def test_pay_debts__again_and_again(asked):
    """For all domains that are served by then, until it is cancelled."""
    served = [["a", "b"], ["a"]]
    with pytest.raises(IndexError):  # the third time there is nothing to ask for
        asyncio.run(pay_debts(served.pop))
    assert asked == ["a", "told a", "a", "told a", "b", "told b"]

"""What a run tells to those who look at the domain later, beside its Prefect run and the ledger's chain."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

from registry.gate.config import ApprovalConfig
from registry.ledger.events import Event, Events, Outcome, told
from registry.ledger.ledger import Ledger
from registry.ledger.notices import unstressed
from registry.ledger.watch.checks import CheckRecord
from registry.ledger.watch.checks import Outcome as CheckOutcome
from registry.ledger.watch.retrains import ASKED
from registry.store.verdicts import Verdict
from settings.machine import load_settings

TOLD: dict[CheckOutcome, Outcome] = {
    "broken data": "alert", "skew": "alert", "hold": "alert", "rollback": "alert", "retrain": "retrain"
}  # fmt: skip


@contextmanager
def told_run(name: str, kind: Literal["retrain", "monitor"], check: str = "") -> Iterator[None]:
    """Tells that a run of a domain begins and how it ends; `check` is the key of the one that asked for it."""
    remedy, text = f"regraft {kind} {name}", f"{ASKED}{check}" if check else ""
    with told(Events(load_settings().ledger), Event(name, kind, "begun", text=text, remedy=remedy)):
        yield


@contextmanager
def told_stress(name: str, version: int) -> Iterator[None]:
    """Tells that the stress test of a version begins and how it ends."""
    with told(Events(load_settings().ledger), _stress(name, version)):
        yield


def announce_stress(name: str, version: int) -> None:
    """Tells that this process owes a stress test: whatever becomes of it, that is known."""
    Events(load_settings().ledger).add(_stress(name, version))


def owed_stress(name: str) -> list[int]:
    """Versions whose stress test is still to be run: announced by this process, or left behind by another one."""
    ledger = load_settings().ledger
    return unstressed(Events(ledger).latest(name), Ledger(ledger).champion(name))


def announce_approval(verdict: Verdict, config: ApprovalConfig, page: str) -> None:
    """Tells that a promotion waits for a person, for whom, until when and where they answer."""
    until = datetime.now(UTC) + timedelta(hours=config.hours)
    text = f"the approval of {' or '.join(config.approvers)} until {until:%Y-%m-%d %H:%M} UTC"
    asked = Event(verdict.domain, "approval", "waits", verdict.version, text, f"answer at {page}")
    Events(load_settings().ledger).add(asked)


def settle_approval(verdict: Verdict) -> None:
    """Tells that nobody is waited for any more."""
    Events(load_settings().ledger).add(Event(verdict.domain, "approval", "done", verdict.version))


def tell_idle(name: str, text: str) -> None:
    """Tells that a retrain left the same model in production."""
    Events(load_settings().ledger).add(Event(name, "retrain", "nothing", text=text))


def tell_check(check: CheckRecord) -> None:
    """Tells what a check of the traffic came to."""
    name, outcome = check.domain, TOLD.get(check.outcome, "nothing")
    remedies = {"retrain": f"regraft retrain {name}", "alert": f"look at it, then regraft monitor {name}"}
    Events(load_settings().ledger).add(
        Event(name, "check", outcome, text=f"{check.outcome}: {check.reason}", remedy=remedies.get(outcome, ""))
    )


def _stress(name: str, version: int) -> Event:
    return Event(name, "stress", "begun", version, remedy=f"regraft retrain {name}")

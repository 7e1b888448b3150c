"""What a person answers to a check is on record before anything follows from it."""

import json
from dataclasses import replace

from registry.errors import LedgerConflictError
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Mark, Marks
from registry.ledger.watch.withheld import withheld
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.events import tell_check


def agree(name: str, reason: str) -> CheckRecord:
    """Writes that a person agrees to what the newest check of a domain asks for, which is owed from then on.

    Two who agree at once make one debt: the answer follows the check that was asked, and only one row can.

    Raises:
        ConfigError: nothing waits for an answer, or something was written meanwhile.
    """
    settings = load_settings()
    checks = Checks(settings.ledger)
    asked = next(iter(checks.newest(name, 1)), None)
    wanted = asked.asks if asked else ""
    if asked is None or not wanted:
        found = asked.outcome if asked else "not checked"
        raise ConfigError(f"{name}: no check asks for an agreement ({found}); nothing is started")
    figures = {key: value for key, value in json.loads(asked.figures).items() if key != "asks"}
    told = f"{asked.reason}; {settings.who} agreed{': ' if reason else ''}{reason}"
    agreed = replace(asked, outcome=wanted, reason=told, figures=json.dumps(figures, sort_keys=True), alerted="")
    try:
        added = checks.add(agreed, asked.key)
    except LedgerConflictError as error:
        raise ConfigError(f"{name}: another check or answer was written meanwhile; look at it first") from error
    tell_check(added)
    return added


def release(name: str, reason: str) -> int:
    """Lets the samples that rollbacks keep out of training in again; returns how many there are.

    Raises:
        ConfigError: none is kept out.
    """
    settings = load_settings()
    found = withheld(settings.ledger, name)
    if not found:
        raise ConfigError(f"{name}: no sample is kept out of training by a rollback; nothing was released")
    Marks(settings.ledger).add(Mark(name, "release", "", settings.who, reason))
    return len(found)

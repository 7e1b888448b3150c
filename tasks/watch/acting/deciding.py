"""What follows from a check is decided and written down, before anything is started."""

import json
from collections.abc import Sequence

from prefect import task

from monitoring.controller.decide import decide
from registry.errors import LedgerConflictError
from registry.ledger.watch.checks import CheckRecord, Checks
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.events import tell_check
from tasks.monitor import Seen
from tasks.policy import IO
from tasks.watch.acting.recalling import MEMORY, looked_back_on
from tasks.watch.moment import Moment
from tasks.watch.past import past_of

ATTEMPTS = 5  # each lost race means that another check was written


@task(name="decide", task_run_name="decide what follows for {config.name}", **IO)
def decide_check(config: Domain, seen: Seen) -> CheckRecord:
    """Decides by the policy of the domain; where another check came in between, once more with what it wrote.

    Raises:
        LedgerConflictError: other checks were always faster.
    """
    for attempt in range(ATTEMPTS):
        try:
            check = _decided(config, seen)
        except LedgerConflictError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            tell_check(check)
            return check
    raise AssertionError("the last attempt returns or raises")


def _decided(config: Domain, seen: Seen) -> CheckRecord:
    checks = Checks(load_settings().ledger)
    before = checks.newest(config.name, MEMORY)
    debts = [one for one in checks.owed(config.name) if one not in before]  # however many checks came since
    record = decided(config, seen, [*debts, *looked_back_on(config, seen, before)], Moment.present())
    return checks.add(record, before[-1].key if before else "")


def decided(config: Domain, seen: Seen, before: Sequence[CheckRecord], moment: Moment) -> CheckRecord:
    """What follows from a check of a moment, with earlier ones before it; nothing is written."""
    found = decide(seen.evidence, past_of(config, seen, before, moment), config.monitoring.policy)
    figures = seen.figures() | ({"asks": found.asks} if found.asks else {})
    if "rollback" in (found.outcome, found.asks):
        figures["withheld"] = seen.withheld
    return CheckRecord(
        domain=config.name,
        version=seen.version,
        window=seen.window,
        suspect=seen.evidence.suspect,
        outcome=found.outcome,
        reason=found.reason,
        figures=json.dumps(figures, sort_keys=True),
    )

"""Which earlier checks a decision looks back on."""

from collections.abc import Sequence

from monitoring.budget.apart import apart, began_of
from registry.ledger.watch.checks import CheckRecord, Checks
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.monitor import Seen

MEMORY = 200  # the newest checks: what is owed, under way, or was asked of the same traffic


def looked_back_on(config: Domain, seen: Seen, newest: Sequence[CheckRecord], until: str = "") -> list[CheckRecord]:
    """The newest checks, oldest first, and before them those that `policy.of` counts and that lie farther back.

    Windows that share no sample may lie many checks apart: one of 300 hours has 299 hourly checks of no use between.

    Args:
        config: the domain.
        seen: what the present check found.
        newest: checks, oldest first.
        until: of the ledger's checks those before this time count (ISO, UTC); empty: all.
    """
    checks, wanted = Checks(load_settings().ledger), config.monitoring.policy.of - 1
    near = apart([one for one in newest if one.version == seen.version], seen.began)
    found, began = list[CheckRecord](), began_of(near[0]) if near else seen.began
    while len(near) + len(found) < wanted:
        older = checks.last(config.name, seen.version, min(began, until) if until else began)
        if older is None:
            break
        found.insert(0, older)
        began = began_of(older)
    return [*found, *newest]

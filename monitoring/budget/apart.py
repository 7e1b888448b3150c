"""Windows that share no sample: only these say anything new of each other's alarms.

A check looks at the newest samples, so that two checks within an hour may look at nearly the same ones: if one alarms
by chance, so does the other.
"""

import json
from collections.abc import Sequence

from registry.ledger.watch.checks import CheckRecord


def apart(checks: Sequence[CheckRecord], began: str) -> list[CheckRecord]:
    """Of checks, oldest first, the newest ones whose windows share no sample with one another, nor with the present.

    Args:
        checks: of one version.
        began: the time (ISO, UTC) of the oldest sample of the present window.
    """
    found: list[CheckRecord] = []
    for check in reversed(checks):
        if check.time < began:
            found.insert(0, check)
            began = began_of(check)
    return found


def began_of(check: CheckRecord) -> str:
    """The time of the oldest sample of a check's window; that of the check, where an earlier release kept none."""
    return json.loads(check.figures).get("began") or check.time

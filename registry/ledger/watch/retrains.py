"""What retrains of a domain came to, as its events tell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry.ledger.events import Event

IDLE = ("UNCHANGED", "HOLD", "REJECT")  # outcomes after which the same model is in production


@dataclass(frozen=True)
class Retrain:
    """One retrain: when it began, whether it runs still, whether anything came of it."""

    began: datetime
    runs: bool
    changed: bool


def retrains_of(events: Sequence[Event]) -> list[Retrain]:
    """The retrains that these events of kind "retrain" tell of, oldest first.

    One that failed or was cut off has changed nothing; of one that runs it is not known yet.
    """
    found: list[Retrain] = []
    said = False  # by the retrain itself: nothing came of it
    for event in events:
        if event.outcome == "begun":
            found.append(Retrain(datetime.fromisoformat(event.time), event.lives, changed=False))
            said = False
        elif found:  # the beginning of the first one may lie further back
            said = said or event.outcome == "nothing"
            found[-1] = replace(found[-1], runs=False, changed=event.outcome == "done" and not said)
    return found


def idle(retrains: Sequence[Retrain], since: datetime | None) -> int:
    """How many of the last retrains in a row changed nothing, counted from a time on where one is given."""
    ended = [one for one in retrains if not one.runs and (since is None or one.began > since)]
    return next((place for place, one in enumerate(reversed(ended)) if one.changed), len(ended))

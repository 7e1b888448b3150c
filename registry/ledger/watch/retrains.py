"""What retrains of a domain came to, as its events tell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry.ledger.events import Event

IDLE = ("UNCHANGED", "HOLD", "REJECT")  # outcomes after which the same model is in production


ASKED = "asked for by check "  # how the text of a beginning says who wanted it


@dataclass(frozen=True)
class Retrain:
    """One retrain: when it began, whether it runs still, whether anything came of it, whether a check asked for it."""

    began: datetime
    runs: bool
    changed: bool
    asked: bool = False


def retrains_of(events: Sequence[Event], at: datetime | None = None) -> list[Retrain]:
    """The retrains that these events of kind "retrain" tell of, oldest first; `at`: as they stood at that time.

    One that failed or was cut off has changed nothing; of one that runs it is not known yet.
    """
    known = [event for event in events if at is None or datetime.fromisoformat(event.time) <= at]
    found = _told(known)
    later = events[len(known) :]
    if known and known[-1].outcome == "begun" and later and later[0].outcome != "begun":
        found[-1] = replace(found[-1], runs=True)  # its end came after that time
    return found


def _told(events: Sequence[Event]) -> list[Retrain]:
    found: list[Retrain] = []
    said = False  # by the retrain itself: nothing came of it
    for event in events:
        if event.outcome == "begun":
            began, asked = datetime.fromisoformat(event.time), event.text.startswith(ASKED)
            found.append(Retrain(began, event.lives, changed=False, asked=asked))
            said = False
        elif found:  # the beginning of the first one may lie further back
            said = said or event.outcome == "nothing"
            found[-1] = replace(found[-1], runs=False, changed=event.outcome == "done" and not said)
    return found


def idle(retrains: Sequence[Retrain], since: datetime | None) -> int:
    """How many retrains that checks asked for changed nothing since one, whoever asked for it, changed something.

    Counted from a time on where one is given.
    """
    ended = [one for one in retrains if not one.runs and (since is None or one.began > since)]
    changed = [place for place, one in enumerate(ended) if one.changed]
    return sum(one.asked for one in ended[changed[-1] if changed else 0 :] if not one.changed)

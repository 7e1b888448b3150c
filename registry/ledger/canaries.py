"""Challengers that answer a share of requests until there is evidence: events of a kind of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from registry.ledger.events import Event, Events, Outcome

End = Literal["PROMOTE", "WITHDRAW", "HOLD"]
OUTCOMES: dict[End, Outcome] = {"PROMOTE": "done", "WITHDRAW": "nothing", "HOLD": "alert"}


@dataclass(frozen=True)
class Canary:
    """A version that answers a share of a domain's requests, since when."""

    domain: str
    version: int
    since: datetime

    def hours(self, now: datetime | None = None) -> float:
        """How long it has run."""
        return ((now or datetime.now(UTC)) - self.since).total_seconds() / 3600


def open_canary(events: Events, domain: str) -> Canary | None:
    """The domain's canary, if it has one; a newer one takes the place of those before it."""
    found = [event for event in events.latest(domain) if event.kind == "canary"]
    newest = found[-1] if found else None
    if newest is None or newest.outcome != "open":
        return None
    return Canary(domain, newest.version, datetime.fromisoformat(newest.time))


def has_been_canary(events: Events, domain: str, version: int) -> bool:
    """Whether a version was a canary and is none any more."""
    found = [event.outcome for event in events.latest(domain) if (event.kind, event.version) == ("canary", version)]
    return found not in ([], ["open"])


def begin_canary(events: Events, domain: str, version: int) -> None:
    """Tells that a version is to answer a share of requests; one that does already goes on."""
    canary = open_canary(events, domain)
    if canary and canary.version == version:
        return
    if canary:
        end_canary(events, canary, "HOLD", f"v{version} takes its place")
    told = "answers a share of the requests to `regraft serve` until there is evidence"
    remedy = f"regraft canary {domain} shows how it stands"
    events.add(Event(domain, "canary", "open", version, told, remedy))


def end_canary(events: Events, canary: Canary, end: End, reason: str) -> bool:
    """Tells once what a canary came to; false where it has ended already."""
    if open_canary(events, canary.domain) != canary:
        return False
    remedy = f"regraft promote {canary.domain} {canary.version}, or regraft retrain {canary.domain}"
    events.add(Event(canary.domain, "canary", OUTCOMES[end], canary.version, f"{end}: {reason}", remedy))
    return True

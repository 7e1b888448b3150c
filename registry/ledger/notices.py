"""What of a domain still needs a person, as its events tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.ledger.events import Event

CUT_OFF = "was cut off: the process that ran it is gone"


@dataclass(frozen=True)
class Notice:
    """One thing for a person to do: of which kind, since when, what it is, and what deals with it."""

    kind: str
    since: str
    text: str
    remedy: str


def notices(events: Iterable[Event], champion: int | None) -> list[Notice]:
    """What is open among the newest events of each kind and version, oldest first."""
    newest = list(events)
    retrained = max((place for place, event in enumerate(newest) if event.kind == "retrain"), default=0)
    matter = _that_matter(newest, champion)
    return [found for event in matter if (found := _notice(event, newest[:retrained])) is not None]


def unstressed(events: Iterable[Event], champion: int | None) -> list[int]:
    """Versions whose stress test was announced and is done by no process but, perhaps, the present one."""
    stress = [event for event in _that_matter(list(events), champion) if event.kind == "stress"]
    left = (event for event in stress if event.outcome == "failed" or event.is_mine or not event.lives)
    return [event.version for event in left if event.outcome != "done"]


def stress_state(events: Iterable[Event], version: int) -> str:
    """How the stress test of a version stands, for people; empty: it is done."""
    stress = next((event for event in events if (event.kind, event.version) == ("stress", version)), None)
    if stress is None:
        return "none was run"
    if stress.outcome == "done":
        return ""
    found = _notice(stress, [])
    return f"{found.text}; {found.remedy}" if found else "it runs now"


def _that_matter(events: list[Event], champion: int | None) -> list[Event]:
    """All but what is about versions that nobody will look at any more."""
    newest = {event.kind: max(one.version for one in events if one.kind == event.kind) for event in events}
    return [event for event in events if _matters(event, newest[event.kind], champion or 0)]


def _matters(event: Event, newest: int, champion: int) -> bool:
    """Whether an event is of use still, `newest` being the newest version with one of its kind."""
    if event.kind == "stress":
        return event.version in {champion, newest}
    if event.kind == "canary" and event.outcome != "open":
        return event.version == newest > champion
    if event.kind == "approval" and not event.lives:
        return event.version == newest > champion  # another version came into production meanwhile
    return True


def _notice(event: Event, answered: Sequence[Event]) -> Notice | None:
    """What a person should know of an event; a retrain has begun or ended after those that are `answered`."""
    name = {"stress": "stress test", "serve": "service"}.get(event.kind, event.kind)
    name += f" of v{event.version}" if event.version else ""
    if event.outcome in {"begun", "waits"} and not event.lives:
        again = f"regraft promote {event.domain} {event.version}" if event.kind == "approval" else event.remedy
        return Notice(event.kind, event.time, f"the {name} {CUT_OFF}", again)
    if event.outcome == "open":
        return Notice(event.kind, event.time, f"v{event.version} {event.text}", event.remedy)
    if event.outcome == "waits":
        return Notice(event.kind, event.time, f"v{event.version} waits for {event.text}", event.remedy)
    if event.outcome == "failed":
        return Notice(event.kind, event.time, f"the {name} failed: {event.text}", event.remedy)
    drifted = event.outcome == "retrain" and event not in answered
    if drifted or event.outcome == "alert":
        return Notice(event.kind, event.time, event.text, event.remedy)
    return None

"""What the checks of the domains call for, and what people say to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitoring.alerts import calls
from registry.ledger.events import Event, Events
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Kind, Mark, Marks
from registry.ledger.watch.withheld import withheld
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.domain import domain_names, load_domain


@dataclass(frozen=True)
class Standing:
    """How the newest check of a domain stands with people.

    Attributes:
        domain: whose.
        key: names the check; empty: there was none.
        outcome: of the check.
        reason: why.
        time: when.
        delivery: what was started.
        open: whether it calls for people who have not acknowledged it.
        muted: until when nobody is told; empty: people are.
        asks: what a person is asked to agree to; empty: nothing.
        withheld: samples that rollbacks keep out of training.
    """

    domain: str
    key: str = ""
    outcome: str = "not checked"
    reason: str = ""
    time: str = ""
    delivery: str = ""
    open: bool = False
    muted: str = ""
    asks: str = ""
    withheld: int = 0


def alerts(domains: Iterable[str]) -> list[Standing]:
    """How each of these domains stands; without any, all of the project.

    Raises:
        ConfigError: there is no such domain.
    """
    names = [load_domain(name).name for name in domains] or domain_names(load_settings().root)
    return [_standing(name) for name in names]


def acknowledge(name: str, reason: str) -> Standing:
    """Says that the newest check of a domain is known; it stays closed until another one calls.

    Raises:
        ConfigError: there is no such domain, or nothing to acknowledge.
    """
    found = _standing(load_domain(name).name)
    if not found.open:
        raise ConfigError(f"{name}: nothing calls for anybody ({found.outcome}); nothing was acknowledged")
    _mark(name, "acknowledge", found.key, reason)
    settings = load_settings()
    Events(settings.ledger).add(Event(name, "check", "nothing", text=f"acknowledged by {settings.who}: {reason}"))
    return _standing(name)


def mute(name: str, hours: float, reason: str) -> Standing:
    """Lets the controller of a domain keep still, and tells nobody, for so many hours; 0 ends it.

    Raises:
        ConfigError: there is no such domain.
    """
    until = datetime.now(UTC) + timedelta(hours=hours)
    _mark(load_domain(name).name, "mute", until.isoformat(timespec="seconds"), reason)
    return _standing(name)


def reset(name: str, reason: str) -> Standing:
    """Lets a domain's controller start retrains again after too many that changed nothing.

    Raises:
        ConfigError: there is no such domain.
    """
    _mark(load_domain(name).name, "reset", "", reason)
    return _standing(name)


def approve(name: str, reason: str) -> Standing:
    """Agrees to what the newest check of a domain asks for, and starts it.

    Raises:
        ConfigError: there is no such domain, or nothing waits for an answer.
    """
    from tasks.watch.acting.answering import agree  # and with them Prefect, which a look needs not
    from tasks.watch.acting.delivering import deliver

    agree(load_domain(name).name, reason)
    deliver.fn(name)
    return _standing(name)


def release(name: str, reason: str) -> Standing:
    """Lets the samples that rollbacks keep out of training in again.

    Raises:
        ConfigError: there is no such domain, or none is kept out.
    """
    from tasks.watch.acting.answering import release as let_in

    let_in(load_domain(name).name, reason)
    return _standing(name)


def _mark(name: str, kind: Kind, subject: str, reason: str) -> None:
    settings = load_settings()
    Marks(settings.ledger).add(Mark(name, kind, subject, settings.who, reason))


def _standing(name: str) -> Standing:
    ledger = load_settings().ledger
    checks, marks = Checks(ledger).newest(name, 1), Marks(ledger).latest(name)
    mute, known = marks.get("mute"), marks.get("acknowledge")
    muted = mute.subject if mute and datetime.now(UTC) < datetime.fromisoformat(mute.subject) else ""
    if not checks:
        return Standing(name, muted=muted)
    check, out = checks[-1], len(withheld(ledger, name))
    shown = {field: getattr(check, field) for field in ("key", "outcome", "reason", "time", "delivery", "asks")}
    return Standing(name, **shown, open=_is_open(check, known), muted=muted, withheld=out)


def _is_open(check: CheckRecord, known: Mark | None) -> bool:
    return calls(check) and (known is None or known.subject != check.key)

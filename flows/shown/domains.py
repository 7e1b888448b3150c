"""All domains of a project at a glance, from their files and the ledger alone."""

from dataclasses import dataclass

from registry.ledger.events import Events
from registry.ledger.leases import holder_of
from registry.ledger.ledger import Ledger
from registry.ledger.notices import notices
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.domain import domain_names, load_domain


@dataclass(frozen=True)
class Listed:
    """One domain: what is in production since when, its schedules, what runs, and what is wrong with its file.

    `open` is how many things need a person; `regraft status` tells them.
    """

    name: str
    champion: int | None
    since: str
    retrain: str | None
    monitor: str | None
    running: str
    fault: str
    open: int = 0


def list_domains() -> list[Listed]:
    """Every domain by name; one whose file is wrong says so and hides no other.

    Raises:
        RegistryError: the ledger cannot be read.
    """
    settings = load_settings()
    ledger, events = Ledger(settings.ledger), Events(settings.ledger)
    return [_listed(name, ledger, events) for name in domain_names(settings.root)]


def _listed(name: str, ledger: Ledger, events: Events) -> Listed:
    entries, running = ledger.present(name), holder_of(name) or ""
    champion, since = (entries[-1].to_version, entries[-1].time) if entries else (None, "")
    needed = len(notices(events.latest(name), champion))
    try:
        plan = load_domain(name).schedule
    except ConfigError as error:
        return Listed(name, champion, since, None, None, running, str(error), needed)
    return Listed(name, champion, since, plan.retrain, plan.monitor, running, "", needed)

"""What of a domain is in production and what it stands on."""

import json
from typing import Any

from pydantic import BaseModel

from data.errors import VersioningError
from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder
from data.stores.versions.stages import dataset_version
from registry.ledger.events import Events
from registry.ledger.history import quarantine_reason, quarantined, way_back
from registry.ledger.leases import holder_of
from registry.ledger.ledger import Ledger
from registry.ledger.notices import notices
from registry.ledger.uses import Uses
from registry.ledger.watch.checks import Checks
from registry.store.aliases import alias_faults
from registry.store.shown import shown
from settings.machine import load_settings
from tasks.domain import Domain, load_domain


class Status(BaseModel):
    """One domain at a glance."""

    domain: str
    champion: int | None
    previous: int | None
    since: dict[str, str]
    champion_facts: dict[str, str]
    versions: dict[int, str]
    quarantine: dict[int, str]
    dataset_version: str | None
    test_set: dict[str, int]
    ledger_entries: int
    last_check: dict[str, str] | None
    schedule: dict[str, str | None]
    running: str | None
    notices: list[dict[str, str]] = []


def domain_status(domain: str) -> Status:
    """Gathers the status of one domain; what does not exist yet is None.

    Raises:
        ConfigError: there is no such domain.
        RegistryError: MLflow or the ledger is down.
    """
    config, ledger = load_domain(domain), Ledger(load_settings().ledger)
    alias_faults(domain)  # an emptied database is no news to be shown, but a fault
    versions: dict[int, dict[str, str]] = shown(domain).versions
    champion, entries = ledger.champion(domain), ledger.present(domain)
    events = Events(load_settings().ledger).latest(domain)
    lost = {"fault": f"v{champion} was deleted in MLflow; `regraft doctor` says what to do"} if champion else {}
    return Status(
        domain=domain,
        champion=champion,
        previous=way_back(entries, versions),
        since={key: vars(entries[-1])[key] for key in ("action", "time", "actor", "reason")} if entries else {},
        champion_facts=versions.get(champion or 0, lost),
        versions={number: tags.get("decision", "not judged") for number, tags in versions.items()},
        quarantine={version: quarantine_reason(entry) for version, entry in quarantined(entries).items()},
        dataset_version=_dataset_version(config.root, domain),
        test_set=_test_set(config),
        ledger_entries=len(entries),
        last_check=_last_check(domain),
        schedule=config.schedule.model_dump(),
        running=holder_of(domain),
        notices=[vars(one) for one in notices(events, champion)],
    )


def _test_set(config: Domain) -> dict[str, int]:
    """How often the present test set was used, and on how many comparisons it may decide."""
    folder = processed_folder(config.root, config.name)
    generation = Dataset(folder, config.data.tasks).generation
    uses = Uses(load_settings().ledger).of(config.name, generation)
    compared = sum(use.look is not None for use in uses)
    counted = {"generation": generation, "uses": len(uses), "comparisons": compared}
    return {**counted, "comparisons allowed": config.gate.looks}


def _last_check(domain: str) -> dict[str, str] | None:
    checks = Checks(load_settings().ledger).newest(domain, 1)
    if not checks:
        return None
    found = {name: getattr(checks[-1], name) for name in ("outcome", "reason", "time", "delivery")}
    return found | {"trial": json.loads(checks[-1].figures).get("trial", "")}


def _dataset_version(root: Any, domain: str) -> str | None:
    try:
        return dataset_version(root, domain)
    except VersioningError:
        return None

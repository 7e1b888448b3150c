"""What of a domain is in production and what it stands on."""

from typing import Any

from pydantic import BaseModel

from data.errors import VersioningError
from data.settings import load_settings
from data.versioning import dataset_version
from flows.config import load_domain
from registry.ledger import Ledger
from registry.models import describe_versions
from registry.tracking import latest_run


class Status(BaseModel):
    """One domain at a glance."""

    domain: str
    champion: int | None
    previous: int | None
    champion_facts: dict[str, str]
    versions: dict[int, str]
    dataset_version: str | None
    ledger_entries: int
    last_check: dict[str, str] | None
    schedule: dict[str, str | None]


def domain_status(domain: str) -> Status:
    """Gathers the status of one domain; what does not exist yet is None.

    Raises:
        ConfigError: there is no such domain.
        RegistryError: MLflow or the ledger is down.
    """
    config, ledger = load_domain(domain), Ledger(load_settings().ledger)
    versions: dict[int, dict[str, str]] = describe_versions(domain)
    champion = ledger.champion(domain)
    return Status(
        domain=domain,
        champion=champion,
        previous=ledger.previous(domain),
        champion_facts=versions.get(champion or 0, {}),
        versions={number: tags.get("decision", "not judged") for number, tags in versions.items()},
        dataset_version=_dataset_version(config.root, domain),
        ledger_entries=len(ledger.entries(domain)),
        last_check=latest_run(domain, "tags.action != ''"),
        schedule=config.schedule.model_dump(),
    )


def _dataset_version(root: Any, domain: str) -> str | None:
    try:
        return dataset_version(root, domain)
    except VersioningError:
        return None

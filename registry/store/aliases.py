"""What MLflow shows of the ledger: aliases of what is in production, a tag on what is in quarantine."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.errors import LedgerError, RegistryError
from registry.ledger.heads import TAG, head_of, keep_head, refuse_shortened
from registry.ledger.history import Entry, quarantine_reason, quarantined, way_back
from registry.ledger.ledger import Ledger
from registry.ledger.sql.database import hidden
from registry.store.client import mlflow_client, registry_errors
from registry.store.shown import shown
from settings.machine import load_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

QUARANTINE = "quarantine"  # the tag; its value says who rolled the version back, when and why
TAG_LENGTH = 500  # well below what MLflow takes
ROUNDS = 5


@dataclass(frozen=True)
class Wanted:
    """What MLflow should show of a domain: aliases with their version, reasons of quarantine by version."""

    aliases: dict[str, int]
    quarantine: dict[int, str]


@dataclass(frozen=True)
class Faults:
    """What MLflow shows otherwise than the ledger, with what it should be; None: there should be nothing."""

    aliases: dict[str, int | None]
    quarantine: dict[int, str | None]

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.aliases or self.quarantine)

    def __str__(self) -> str:
        """One line for people."""
        tags = {version: "in" if reason else "out of" for version, reason in self.quarantine.items()}
        return ", ".join([
            *(f"{alias} should be {version or 'unset'}" for alias, version in self.aliases.items()),
            *(f"v{version} should be {state} quarantine" for version, state in tags.items()),
        ])  # fmt: skip


def alias_faults(domain: str) -> Faults:
    """Compares what MLflow shows with what the ledger says.

    Raises:
        LedgerError: MLflow shows a champion of which the ledger knows nothing, or the ledger lacks a row that MLflow or
            the project keeps the hash of.
        RegistryError: MLflow or the ledger is down.
    """
    ledger, found = Ledger(load_settings().ledger), shown(domain)
    refuse_shortened(domain, ledger.entries(domain), found.tags.get(TAG, ""))
    entries = ledger.present(domain)
    tags = {number: held.get(QUARANTINE, "") for number, held in found.versions.items()}
    aliases = found.aliases
    if not entries:
        _refuse_lost(domain, aliases, found.versions)
    wanted = _wanted(entries, set(tags))
    differ: dict[str, int | None] = {
        alias: wanted.aliases.get(alias)
        for alias in ("champion", "previous")
        if aliases.get(alias) != wanted.aliases.get(alias)
    }
    # A challenger that has become champion is nobody's rival any more.
    if "challenger" in aliases and aliases["challenger"] == wanted.aliases.get("champion"):
        differ["challenger"] = None
    marks = {version: wanted.quarantine.get(version) for version in tags}
    return Faults(differ, {version: reason for version, reason in marks.items() if (reason or "") != tags[version]})


def follow_ledger(domain: str) -> Faults:
    """Makes MLflow show what the ledger says; returns what had to be changed.

    It looks again after each change: another process may have written to the ledger or to MLflow in between.

    Raises:
        RegistryError: MLflow is down; the ledger stays the truth and the next call repairs what MLflow shows.
    """
    first = faults = alias_faults(domain)
    keep_head(domain, Ledger(load_settings().ledger).entries(domain))  # whatever becomes of MLflow
    for _ in range(ROUNDS):
        if not faults:
            _tag_head(domain)
            return first
        _repair(domain, faults)
        faults = alias_faults(domain)
    raise RegistryError(f"{domain!r}: other processes change MLflow's aliases all the time ({faults}); try again")


def _tag_head(domain: str) -> None:
    """Keeps the ledger's head with the model."""
    entries = Ledger(load_settings().ledger).entries(domain)
    with registry_errors(f"keep the head of the ledger of {domain!r}"):
        if entries and mlflow_client().search_registered_models(f"name = '{domain}'"):
            mlflow_client().set_registered_model_tag(domain, TAG, head_of(entries[-1]))


def _refuse_lost(domain: str, aliases: dict[str, int], tags: dict[int, dict[str, str]]) -> None:
    """Raises LedgerError where the ledger has no row of a domain though MLflow shows what only rows bring about.

    That is `previous`, a quarantine, or a champion that the gate let pass; any other champion was set by hand.
    """
    judged = tags.get(aliases.get("champion", 0), {}).get("decision") == "PROMOTE"
    if judged or "previous" in aliases or any(QUARANTINE in held for held in tags.values()):
        if Ledger(load_settings().ledger).entries(domain):  # its last row says that the domain was removed
            raise LedgerError(f"{domain!r} is removed in part; `regraft remove {domain}` goes on")
        found = f"no row of {domain!r}, but MLflow shows v{aliases.get('champion', '?')} as promoted by Regraft"
        remedy = "it was emptied or replaced: restore it from a backup, or start a new domain"
        raise LedgerError(f"ledger {hidden(load_settings().ledger)}: {found}; {remedy}")


def _wanted(entries: list[Entry], there: set[int]) -> Wanted:
    """What the ledger wants shown, as far as the versions are there: one deleted by hand can carry nothing."""
    current = entries[-1].to_version if entries else None
    wanted = {"champion": current, "previous": way_back(entries, there)}
    barred = {
        version: quarantine_reason(entry)[:TAG_LENGTH]
        for version, entry in quarantined(entries).items()
        if version in there
    }
    return Wanted({alias: version for alias, version in wanted.items() if version in there}, barred)


def _repair(domain: str, faults: Faults) -> None:
    with registry_errors(f"set the aliases of {domain!r}"):
        client = mlflow_client()
        for alias, version in faults.aliases.items():
            _show_alias(client, domain, alias, version)
        for number, reason in faults.quarantine.items():
            _show_quarantine(client, domain, number, reason)


def _show_alias(client: "MlflowClient", domain: str, alias: str, version: int | None) -> None:
    if version is None:
        client.delete_registered_model_alias(domain, alias)
    else:
        client.set_registered_model_alias(domain, alias, str(version))


def _show_quarantine(client: "MlflowClient", domain: str, version: int, reason: str | None) -> None:
    if reason is None:
        client.delete_model_version_tag(domain, str(version), QUARANTINE)
    else:
        client.set_model_version_tag(domain, str(version), QUARANTINE, reason)

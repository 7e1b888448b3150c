"""What a project needs no longer, and what takes its room back. Nothing that only exists once is ever among it.

Caches, package copies and restored data come anew when they are needed: by computing, from MLflow, from DVC. Models,
dataset versions, predictions, labels and databases, of which the ledger speaks, are never touched.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from data.errors import LockedError
from data.stores.atomic import litter
from data.stores.cache_budget import make_room, surplus
from data.stores.copying import files_below
from data.stores.deleting import delete
from data.stores.locks import domain_lock
from registry.ledger.canaries import open_canary
from registry.ledger.events import Events
from registry.ledger.history import way_back
from registry.ledger.ledger import Ledger
from registry.store.shown import shown
from settings.machine import Settings, load_settings

DAY = 86_400.0  # copies that are younger may be in use
KEEP_DAYS = 90  # reports and logs


@dataclass(frozen=True)
class Waste:
    """Something that is needed no longer: what it is, of which domain (none: of the project), where, how large."""

    what: str
    domain: str
    path: Path
    bytes: int


def find_waste(keep_days: float = KEEP_DAYS) -> list[Waste]:
    """What may go; changes nothing. Reports and logs may once they are older than so many days.

    Raises:
        RegistryError: the ledger or MLflow is down.
    """
    settings, now = load_settings(), time.time()
    caches = surplus(settings.home / "cache" / "features", _budget(settings))
    return [
        *(Waste("feature cache over REGRAFT_CACHE_GB", "", path, size) for path, size in caches.items()),
        *_copies(settings, now - DAY),
        *_restored(settings, now - DAY),
        *_litter(settings),
        *_old(settings, now - keep_days * DAY),
    ]


def clear(waste: list[Waste]) -> list[Waste]:
    """Deletes it and returns what has gone; what a domain has that is being worked on stays, as do caches in use.

    Raises:
        StorageError: the disk refused.
    """
    settings = load_settings()
    make_room(settings.home / "cache" / "features", {}, _budget(settings))
    for one in waste:
        if one.path.exists() and not one.what.startswith("feature cache"):
            _delete(settings, one)
    return [one for one in waste if not one.path.exists()]


def _budget(settings: Settings) -> int:
    return int(settings.cache_gb * 2**30)


def _delete(settings: Settings, one: Waste) -> None:
    """Deletes it under the lock of its domain where it has one; who works on that keeps it until the next time."""
    with suppress(LockedError), domain_lock(settings.home, one.domain or "gc", "gc"):
        delete(one.path)


def _copies(settings: Settings, before: float) -> Iterator[Waste]:
    """Packages that were fetched from MLflow once, of versions that are in no role now."""
    for folder in sorted((settings.home / "packages").glob("*")):
        needed = _in_roles(settings, folder.name)
        found = [(int(copy.name.partition("-")[0]), copy) for copy in sorted(folder.glob("[0-9]*-*"))]
        spare = [copy for version, copy in found if version not in needed and copy.stat().st_mtime < before]
        yield from (Waste("copy of a package in no role", folder.name, copy, _size(copy)) for copy in spare)


def _in_roles(settings: Settings, domain: str) -> set[int]:
    """Champion, what a rollback returns to, canary, challenger: by the ledger, and as MLflow shows them."""
    ledger, seen = Ledger(settings.ledger), shown(domain)
    canary = open_canary(Events(settings.ledger), domain)
    found = {ledger.champion(domain), way_back(ledger.present(domain), seen.versions), *seen.aliases.values()}
    return {version for version in (*found, canary and canary.version) if version}


def _restored(settings: Settings, before: float) -> Iterator[Waste]:
    for folder in sorted((settings.root / "data" / "restored").glob("*-*")):
        if folder.is_dir() and folder.stat().st_mtime < before:
            yield Waste("restored dataset version", folder.name.rpartition("-")[0], folder, _size(folder))


def _litter(settings: Settings) -> Iterator[Waste]:
    """What killed processes left where they worked."""
    for folder in (settings.scratch, *(settings.home / "packages").glob("*"), settings.home / "backups"):
        for path in litter(folder) if folder.is_dir() else ():
            yield Waste("left by a killed process", "", path, _size(path))


def _old(settings: Settings, before: float) -> Iterator[Waste]:
    """Pages and logs that are old: not the page of a version in a role, nor the log that is being written."""
    for page in sorted((settings.home / "reports").glob("*/*.html")):
        kept = {f"v{version}" for version in _in_roles(settings, page.parent.name)} | {"drift"}
        if page.stem not in kept and page.stat().st_mtime < before:
            yield Waste("old report", "", page, _size(page))
    for log in sorted((settings.home / "logs").glob("*.log.*")):
        if log.stat().st_mtime < before:
            yield Waste("old log", "", log, _size(log))


def _size(place: Path) -> int:
    """Bytes of a file, or of all below a folder."""
    return sum(path.stat().st_size for path in files_below(place)) if place.exists() else 0

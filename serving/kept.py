"""What a service served last, kept on this machine, so that it can start while MLflow or the ledger is down."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from data.stores.atomic import write_text
from registry.package.origin import check_origin
from registry.package.package import Package, read_package
from registry.store.models import ModelVersion
from settings.machine import load_settings


@dataclass(frozen=True)
class Kept:
    """One version that was verified, where its package lies, and the hash of the ledger's row that it stood in."""

    version: int
    row: str
    run_id: str
    folder: str


def keep(found: ModelVersion, row: str) -> None:
    """Notes what is served from now on.

    Raises:
        StorageError: the disk refused the write.
    """
    kept = Kept(found.version, row, found.run_id, str(found.folder.relative_to(load_settings().home)))
    write_text(_path(found.domain), json.dumps(asdict(kept)))


def forget(domain: str) -> None:
    """Notes that nothing is served any more."""
    _path(domain).unlink(missing_ok=True)


def kept(domain: str) -> tuple[Kept, Package] | None:
    """What was served last, its package opened after it was verified; None where nothing is known.

    Raises:
        PackageError: it was altered.
    """
    try:
        known = Kept(**json.loads(_path(domain).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # never served, or a file of another release
        return None
    folder = load_settings().home / known.folder
    if not folder.is_dir():
        return None
    package = read_package(folder)
    check_origin(package, domain, known.version, known.run_id)
    return known, package.opened()


def _path(domain: str) -> Path:
    return load_settings().home / "served" / f"{domain}.json"

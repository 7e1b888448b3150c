"""A backup of a project while it runs: a folder that is whole, or not there.

What refers is read before what it refers to: first the heads that the project keeps of the ledger, then the ledger,
then MLflow's database, of whose versions the ledger's rows speak, then the files that MLflow's rows name. Whatever a
row names was there when it was written, and is still there when it is copied. MLflow keeps heads of the ledger as well;
so where rows were added to the ledger before MLflow's database was read, both are read again.
"""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from data.config import require_project
from data.errors import StorageError
from data.stores.atomic import scratch_folder
from data.stores.copying import Former, copy_tree, sha256_of
from registry.errors import LedgerError
from registry.ledger.heads import head_of, verify_all
from registry.ledger.ledger import Ledger
from registry.ledger.project import project_identity
from registry.ledger.sql.copies import copy_databases, table_revision
from registry.ledger.sql.database import hidden
from registry.ledger.sql.schema import VERSION_TABLE
from settings.machine import Settings, load_settings
from tasks.keeping import prefect_database
from tasks.keeping.manifest import (
    DATABASES,
    NAME,
    PREVIOUS,
    BackupError,
    Manifest,
    read_manifest,
    settle,
    write_manifest,
)
from tasks.keeping.places import HEADS, Places, places_of

ROUNDS = 5


@dataclass(frozen=True)
class Backup:
    """A backup that was made: how many files it holds, how many of them were linked to those of the one before."""

    folder: Path
    files: int
    megabytes: int
    elsewhere: tuple[str, ...]


def back_up(folder: Path) -> Backup:
    """Makes a backup in a new or empty folder, or in place of an older one of this project.

    Raises:
        BackupError: the folder holds something else, or lies in what is backed up.
        LedgerError: the ledger's chain is broken: the backup before stays.
        RegistryError: a database or its tool refused.
        StorageError: the disk refused; the backup before stays.
    """
    settings, folder = load_settings(), folder.absolute()
    require_project(settings.root)
    places, identity = places_of(settings), project_identity(settings.ledger)
    former = _former(folder, identity)
    _refuse_inside(folder, settings, places)
    _refuse_broken(settings)
    try:
        with scratch_folder(folder.parent, folder.name) as scratch:
            manifest = _filled(scratch / "backup", settings, places, former, identity)
            write_manifest(scratch / "backup", manifest)
            os.sync()
            _take_place(scratch / "backup", folder)
    except (BackupError, StorageError):
        raise
    except OSError as error:
        raise _refused(folder, error) from error
    size = sum((folder / name).stat().st_size for name in manifest.files)
    return Backup(folder, len(manifest.files), size >> 20, manifest.elsewhere)


def _refused(folder: Path, error: OSError) -> StorageError:
    place = error.filename or folder
    return StorageError(
        f"cannot back up to {folder}: {place}: {error.strerror or error}; nothing has changed there: make room or mend "
        "its rights, and run the same command again"
    )


def _former(folder: Path, identity: str) -> Former:
    """The backup that is there already, whose unchanged files need not be copied again."""
    settle(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return Former(folder, {})
    if not (folder / NAME).is_file():
        raise BackupError(f"{folder} is not empty and no backup; name a new or empty folder")
    manifest = read_manifest(folder)
    if manifest.project != identity:
        raise BackupError(f"{folder} is a backup of another project ({manifest.project}); name a folder of its own")
    return Former(folder, manifest.files)


def _refuse_inside(folder: Path, settings: Settings, places: Places) -> None:
    for place in places.files:
        if folder.is_relative_to(settings.root / place):
            raise BackupError(f"{folder} lies in {place}, which is backed up itself; name a folder elsewhere")


def _refuse_broken(settings: Settings) -> None:
    broken = [f"{one.domain}: {one.fault}" for one in verify_all(Ledger(settings.ledger)) if one.fault]
    if broken:
        raise LedgerError(
            f"{broken[0]}; nothing was backed up, so that no sound backup is lost: restore the ledger first"
        )


def _filled(target: Path, settings: Settings, places: Places, former: Former, identity: str) -> Manifest:
    """Fills a new folder; returns what is in it."""
    files = copy_tree(settings.root, HEADS, target, former)
    heads, copies = _databases(settings, places, target / DATABASES)
    files |= {path.relative_to(target).as_posix(): sha256_of(path) for path in copies}
    for place in places.files:
        files |= copy_tree(settings.root, place, target, former)
    return Manifest(
        project=identity,
        release=version("regraft"),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        root=str(settings.root.absolute()),
        schemas=_schemas(places),
        heads=heads,
        settings=_told(settings),
        elsewhere=places.elsewhere,
        files=files,
    )


def _databases(settings: Settings, places: Places, folder: Path) -> tuple[dict[str, str], list[Path]]:
    """Copies all databases that there are; returns the heads of the ledger's copy, and the copies."""
    for _ in range(ROUNDS):
        shutil.rmtree(folder, ignore_errors=True)
        before = _heads(settings)
        copies = copy_databases(places.databases, folder)
        if _heads(settings) == before:
            return before, copies
    raise LedgerError(
        f"ledger {hidden(settings.ledger)}: promotions come all the time; run `regraft backup` again later"
    )


def _heads(settings: Settings) -> dict[str, str]:
    ledger = Ledger(settings.ledger)
    return {domain: head_of(ledger.entries(domain)[-1]) for domain in ledger.domains()}


def _schemas(places: Places) -> dict[str, str]:
    tables = {"ledger": VERSION_TABLE, "mlflow": "alembic_version", "prefect": prefect_database.VERSION_TABLE}
    return {name: table_revision(url, tables[name]) for name, url in places.databases.items()}


def _told(settings: Settings) -> dict[str, str]:
    """The settings that differ from their defaults and are no secret, as text without passwords."""
    shown = {name for name, field in type(settings).model_fields.items() if field.repr} - {"alerts"}
    given = settings.model_dump(mode="json", include=shown, exclude_defaults=True)
    return {f"REGRAFT_{name.upper()}": hidden(str(value)) for name, value in given.items()}


def _take_place(fresh: Path, folder: Path) -> None:
    """Gives the new backup its name; a process that dies in between leaves the one before, under another name."""
    previous = folder.with_name(folder.name + PREVIOUS)
    if (folder / NAME).exists():
        folder.rename(previous)
    fresh.rename(folder)
    shutil.rmtree(previous, ignore_errors=True)

"""A project from its backup: into an empty folder, or a clone that has no state yet.

Files come before the databases that refer to them, the ledger last; a note says which backup is being restored, so that
the same call goes on where one was killed.
"""

import json
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from data.errors import StorageError, VersioningError
from data.stores.atomic import write_text
from data.stores.copying import copy_file, files_below, sha256_of
from data.stores.repository import ensure_git
from data.stores.versions.restoring import check_out
from registry.errors import LedgerError
from registry.ledger.heads import verify_all
from registry.ledger.ledger import Ledger
from registry.ledger.sql.copies import has_tables, put_back
from registry.ledger.sql.schema import HEAD
from registry.store.moved import move_addresses
from settings.machine import Settings, load_settings
from tasks.keeping.manifest import DATABASES, NAME, BackupError, Manifest, read_manifest, settle, verify
from tasks.keeping.places import STATE, databases_of
from tasks.keeping.rest import at_rest

NOTE = ".regraft/restoring.json"  # while a restore is under way
FORGOTTEN = ".forgotten"


@dataclass(frozen=True)
class Restored:
    """A project that is there again: where, from which backup of when, and what a person should know or do."""

    root: Path
    backup: Path
    made: str
    files: int
    notices: tuple[str, ...]


def refuse_foreign(folder: Path) -> None:
    """Raises BackupError where a folder is neither empty nor a project, before anything is written there."""
    others = [path for path in folder.glob("*") if path.name not in {".git", ".regraft"}]
    if others and not ((folder / "dvc.yaml").exists() or (folder / NOTE).exists()):
        raise BackupError(f"{folder} is not empty and no project; name an empty folder, or a clone without state")


def restore_backup(folder: Path) -> Restored:
    """Restores a backup into the project of the settings, after every file of it was verified.

    Raises:
        BackupError: it is no backup or was altered, or the project has a state.
        LockedError: something runs in the project.
        LedgerError: the ledger is not what was backed up.
        StorageError: the disk refused; the same call goes on.
    """
    settings, folder = load_settings(), folder.absolute()
    settle(folder)
    manifest = read_manifest(folder)
    _refuse_unfit(folder, manifest, settings)
    verify(folder, manifest)
    with at_rest(settings, "restore"):
        try:
            _restore(folder, manifest, settings)
        except StorageError:
            raise
        except OSError as error:
            place = error.filename or settings.root
            raise StorageError(
                f"cannot restore {folder}: {place}: {error.strerror or error}; make room or mend its rights, and run "
                "the same command again, it goes on"
            ) from error
        notices = (*manifest.elsewhere, *_data_notices(settings), *_release_notices(manifest))
        (settings.root / NOTE).unlink()
    return Restored(settings.root, folder, manifest.made, len(manifest.files), notices)


def _refuse_unfit(folder: Path, manifest: Manifest, settings: Settings) -> None:
    """Raises BackupError where the backup cannot become this project's state."""
    if manifest.schemas.get("ledger", "") > HEAD:
        raise BackupError(f"{folder} was made by Regraft {manifest.release}, a later release; install that one")
    other = {"prefect"}  # whose database is no loss where another server is used now
    if {*databases_of(settings)} - other != {*manifest.schemas} - other:
        names = ", ".join(f"{name}={value}" for name, value in manifest.settings.items()) or "all unset"
        raise BackupError(f"{folder} was made with other databases; set REGRAFT_LEDGER_URL and REGRAFT_MLFLOW_URI as "
                          f"they were then ({names})")  # fmt: skip
    if _begun(settings) != sha256_of(folder / NAME):
        _refuse_state(settings)


def _begun(settings: Settings) -> str:
    """The manifest's SHA-256 of the backup whose restore was begun here; empty: none was."""
    path = settings.root / NOTE
    return str(json.loads(path.read_text(encoding="utf-8"))["manifest"]) if path.exists() else ""


def _refuse_state(settings: Settings) -> None:
    files = [place for place in STATE if next(files_below(settings.root / place), None)]
    kept = [*files, *(f"the database {name}" for name, url in databases_of(settings).items() if has_tables(url))]
    if kept:
        raise BackupError(f"{settings.root} has a state already ({kept[0]}); restore into an empty folder (--into), or "
                          "give this one's back by `regraft clean` first")  # fmt: skip


def _restore(folder: Path, manifest: Manifest, settings: Settings) -> None:
    root = settings.root
    write_text(root / NOTE, json.dumps({"backup": str(folder), "manifest": sha256_of(folder / NAME)}))
    for name in manifest.files:
        if not name.startswith(f"{DATABASES}/"):
            _restore_file(folder / name, root / name)
    ensure_git(root)
    copies = {Path(name).stem: folder / name for name in manifest.files if name.startswith(f"{DATABASES}/")}
    moved = partial(move_addresses, before=Path(manifest.root), after=root.absolute())
    for name, url in reversed(databases_of(settings).items()):
        if name in copies:
            put_back(copies[name], url, moved)
    broken = [f"{one.domain}: {one.fault}" for one in verify_all(Ledger(settings.ledger)) if one.fault]
    if broken:
        raise LedgerError(
            f"ledger restored from {folder}: {broken[0]}; the backup was made of a broken one, use another"
        )


def _restore_file(source: Path, target: Path) -> None:
    """Puts a file into its place; what was erased on request since the backup stays on its list."""
    before = target.read_text(encoding="utf-8").split() if target.suffix == FORGOTTEN and target.exists() else []
    copy_file(source, target)
    lacking = sorted({*before} - {*target.read_text(encoding="utf-8").split()}) if before else []
    if lacking:
        write_text(target, target.read_text(encoding="utf-8") + "\n".join([*lacking, ""]))


def _data_notices(settings: Settings) -> list[str]:
    """Brings the prepared data back from DVC's cache; says what to do where it lacks them."""
    if not (settings.root / "dvc.lock").exists():
        return []
    try:
        check_out(settings.root)
    except VersioningError as error:
        return [f"prepared data are missing ({error}): `regraft prepare` makes them anew"]
    return []


def _release_notices(manifest: Manifest) -> list[str]:
    installed = version("regraft")
    told = (
        f"the backup is of Regraft {manifest.release}, this is {installed}: `regraft upgrade` brings databases up to it"
    )
    return [told] if manifest.release != installed else []

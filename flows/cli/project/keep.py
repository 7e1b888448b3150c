"""The commands that keep a project's state: backup, restore, upgrade."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.tables import print_lines

if TYPE_CHECKING:
    from tasks.keeping.backup import Backup
    from tasks.keeping.restore import Restored
    from tasks.keeping.upgrade import Upgraded

FOLDER = click.Path(path_type=Path, file_okay=False)


@answering()
@click.argument("folder", type=FOLDER)
def backup(folder: Path) -> Answer:
    """Copy the state of the project into FOLDER, while it runs: whole, or not at all.

    FOLDER is new, empty or an older backup of this project, whose unchanged files are linked, not copied.
    """
    from flows.process.environment import prepare_environment

    prepare_environment()
    from tasks.keeping.backup import back_up

    found = back_up(folder)
    return Answer(found, partial(_show_backup, found))


@answering()
@click.argument("folder", type=FOLDER)
@click.option("--into", type=FOLDER, help="An empty folder, or a clone without state; default: this project.")
def restore(folder: Path, into: Path | None) -> Answer:
    """Restore the backup in FOLDER, after each of its files was verified. Interrupted, the same command goes on."""
    from flows.process.environment import prepare_environment

    folder = folder.absolute()
    if into is not None:
        _enter(into.absolute())
    prepare_environment()
    from tasks.keeping.restore import restore_backup

    found = restore_backup(folder)
    return Answer(found, partial(_show_restored, found))


@answering()
@click.option("--dry-run", is_flag=True, help="Only say what is to be done.")
def upgrade(dry_run: bool) -> Answer:
    """Bring the project's databases to what this release needs; they are copied to .regraft/backups first."""
    from flows.process.environment import prepare_environment

    prepare_environment()
    from tasks.keeping.upgrade import pending, upgrade_databases

    found = pending() if dry_run else upgrade_databases()
    return Answer(found, partial(_show_upgrade, found))


def _enter(folder: Path) -> None:
    """Makes a folder the project of this process: its own `.env` counts, not the one where the command was typed."""
    from tasks.keeping.restore import refuse_foreign

    folder.mkdir(parents=True, exist_ok=True)
    refuse_foreign(folder)
    os.chdir(folder)
    os.environ["REGRAFT_ROOT"] = str(folder)


def _show_backup(found: "Backup") -> None:
    print_lines([f"{found.folder}: {found.files} files, {found.megabytes} MB", *_elsewhere(found.elsewhere)])


def _show_restored(found: "Restored") -> None:
    print_lines([f"{found.root}: as it was at {found.made}; the ledger is intact", *_elsewhere(found.notices)])


def _show_upgrade(found: "Upgraded") -> None:
    verb = "brought" if found.backup else "to be brought"
    steps = [f"{one.database}: {verb} from {one.before or 'before versions'} to {one.after}" for one in found.steps]
    copies = [f"the databases as they were: {found.backup}"] if found.backup else []
    print_lines([*steps, *copies] or ["nothing to do: all databases are as this release needs them"])


def _elsewhere(lines: tuple[str, ...]) -> list[str]:
    return ["not part of it, or for you to do:", *(f"- {line}" for line in lines)]

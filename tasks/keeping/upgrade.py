"""A project's databases brought to what the installed release needs, after they were copied."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from data.config import require_project
from data.stores.atomic import scratch_folder
from registry.ledger.ledger import Ledger
from registry.ledger.sql.copies import copy_databases, has_tables, table_revision
from registry.ledger.sql.schema import HEAD, VERSION_TABLE
from registry.store.schema import mlflow_revisions, upgrade_mlflow
from settings.machine import Settings, load_settings
from tasks.keeping.places import databases_of
from tasks.keeping.prefect_database import prefect_revisions, upgrade_prefect
from tasks.keeping.rest import at_rest


@dataclass(frozen=True)
class Step:
    """A database whose tables are those of another release: their revision (none: before there were any), and ours."""

    database: str
    before: str
    after: str


@dataclass(frozen=True)
class Upgraded:
    """What is to be brought up to date, and, where it was done, the folder with copies of what was before."""

    steps: tuple[Step, ...]
    backup: Path | None = None


def pending() -> Upgraded:
    """What is to be done; changes nothing. A database without tables gets those of the release at its first use.

    Raises:
        RegistryError: a database cannot be reached.
    """
    settings = load_settings()
    require_project(settings.root)
    known = {"ledger": _ledger_revisions, "mlflow": mlflow_revisions, "prefect": prefect_revisions}
    there = {name: url for name, url in databases_of(settings).items() if has_tables(url)}
    found = [Step(name, *known[name](url)) for name, url in there.items()]
    return Upgraded(tuple(step for step in found if step.before != step.after))


def upgrade_databases() -> Upgraded:
    """Copies all databases beside, as they were, then brings each up to date; without anything to do neither.

    Raises:
        LockedError: something runs in the project.
        RegistryError: a database refused: those before it are done, the same call goes on.
    """
    settings = load_settings()
    steps = pending().steps
    if not steps:
        return Upgraded(())
    with at_rest(settings, "upgrade"):
        backup = settings.home / "backups" / f"upgrade-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        with scratch_folder(backup.parent, backup.name) as scratch:
            copy_databases(databases_of(settings), scratch / "whole")
            (scratch / "whole").rename(backup)
        for step in steps:
            _ways(settings)[step.database]()
    return Upgraded(steps, backup)


def _ways(settings: Settings) -> dict[str, Callable[[], object]]:
    return {
        "ledger": partial(Ledger, settings.ledger),  # opening it is enough
        "mlflow": partial(upgrade_mlflow, settings.tracking_uri),
        "prefect": upgrade_prefect,
    }


def _ledger_revisions(url: str) -> tuple[str, str]:
    return table_revision(url, VERSION_TABLE), HEAD

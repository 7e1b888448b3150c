"""Which data of a domain are the newest, for machines that share them: each goes on from where the last one ended."""

import json
from typing import Any

from sqlalchemy import delete, func, insert, select

from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import DATASETS
from settings.processes import here


def newest_dataset(url: str, domain: str) -> dict[str, Any] | None:
    """The DVC stages that made a domain's newest shared data, as dvc.lock has them; None: none were shared.

    Raises:
        LedgerError: the database cannot be reached.
    """
    database = _opened(url)
    with database.reading() as connection:
        found = connection.scalar(select(DATASETS.c.stages).where(DATASETS.c.domain == domain))
    stages: dict[str, Any] | None = json.loads(found) if found else None
    return stages


def note_dataset(url: str, domain: str, stages: dict[str, Any] | None) -> None:
    """Makes these the domain's newest data; None: it has none any more.

    Raises:
        LedgerError: the database cannot be reached.
    """
    database = _opened(url)
    with database.writing() as connection:
        connection.execute(delete(DATASETS).where(DATASETS.c.domain == domain))
        if stages is not None:
            row = {"stages": json.dumps(stages), "process": here(), "time": func.current_timestamp()}
            connection.execute(insert(DATASETS).values(domain=domain, **row))


def _opened(url: str) -> Database:
    database = Database(url)
    ensure_schema(database)
    return database

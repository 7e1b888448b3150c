"""Which project a ledger belongs to: what tells it from others on a server that several projects use."""

import uuid
from contextlib import suppress

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from registry.ledger.sql.database import Database
from registry.ledger.sql.schema import ensure_schema
from registry.ledger.sql.tables import PROJECT

DIGITS = 6


def project_identity(url: str) -> str:
    """Six hexadecimal digits, drawn once; all that share the ledger's database are one project, wherever they run.

    Raises:
        LedgerError: the database cannot be reached.
    """
    database = Database(url)
    ensure_schema(database)
    known = _known(database)
    if known is None:
        with suppress(IntegrityError), database.writing() as connection:
            connection.execute(insert(PROJECT).values(id=1, identity=uuid.uuid4().hex[:DIGITS]))
        known = _known(database)
    return str(known)


def _known(database: Database) -> str | None:
    with database.reading() as connection:
        found: str | None = connection.scalar(select(PROJECT.c.identity))
    return found

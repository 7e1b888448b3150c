"""A domain's model and experiment leave MLflow, and the name is free."""

import pytest
from mlflow.entities import ViewType

from registry.store.client import mlflow_client
from registry.store.models import describe_versions
from registry.store.removal import in_store, retire
from registry.store.tracking import experiment_id, latest_run, start_run


@pytest.mark.parametrize("deleted", [False, True])
def test_retire__the_name_is_free(registered, deleted):
    """No version and no run of before is found under the name; the runs stay in MLflow's trash; again is no fault."""
    registered()
    before = experiment_id("photos")
    if deleted:  # by hand, in MLflow's pages
        mlflow_client().delete_experiment(before)
    retire("photos")
    retire("photos")
    assert (in_store("photos"), describe_versions("photos")) == (False, {})
    (kept,) = mlflow_client().search_experiments(ViewType.DELETED_ONLY)
    assert kept.experiment_id == before
    assert kept.name.startswith("photos, removed 2")
    assert latest_run("photos", "tags.a != ''") is None
    assert (registered(), experiment_id("photos") == before) == (1, False)


def test_retire__was_stopped(tracked):
    """Renamed and not yet deleted is finished by the next call; an experiment of another domain stays."""
    start_run("photos", "train", {}), start_run("photos2", "train", {})
    mlflow_client().rename_experiment(experiment_id("photos"), "photos, removed 2026-01-01T00:00:00+00:00")
    retire("photos")
    assert {one.name for one in mlflow_client().search_experiments()} - {"Default"} == {"photos2"}

"""Runs in a real MLflow store, and what is said when there is none."""

import json

import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient

from data.errors import StorageError
from registry.errors import RegistryError
from registry.ledger.ledger import Change, Ledger
from registry.store.client import mlflow_client
from registry.store.tracking import (
    experiment_id,
    latest_run,
    log_dataset,
    log_figures,
    log_json,
    log_values,
    read_text,
    run_address,
    run_metrics,
    run_params,
    settled,
    start_run,
)
from settings.machine import load_settings

pytestmark = pytest.mark.usefixtures("tracked")


def status(run_id: str) -> str:
    """Status of a run."""
    return str(mlflow_client().get_run(run_id).info.status)


def test_experiment_id__one_a_domain(tracked):
    """The second call finds the experiment of the first; artifacts lie below the home folder."""
    found = experiment_id("photos")
    assert experiment_id("photos") == found != experiment_id("other")
    place = mlflow_client().get_experiment(found).artifact_location
    assert place == (tracked / ".regraft" / "mlartifacts" / "photos").as_uri()


def test_experiment_id__deleted_by_hand(caplog):
    """An experiment that somebody deleted in MLflow's pages is restored with its runs, and that is said."""
    run = start_run("photos", "train", {})
    found = experiment_id("photos")
    mlflow_client().delete_experiment(found)
    assert experiment_id("photos") == found
    assert "'photos' was deleted in MLflow and is restored" in caplog.text
    assert mlflow_client().get_run(run).info.lifecycle_stage == "active"
    start_run("photos", "train", {})


def test_mlflow_client__follows_the_settings(tracked, monkeypatch):
    """A store that the environment names is the one that is used, from the next call on."""
    experiment_id("photos")
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", f"sqlite:///{tracked / 'other.db'}")
    experiment_id("elsewhere")
    names = {one.name for one in MlflowClient(f"sqlite:///{tracked / '.regraft' / 'mlflow.db'}").search_experiments()}
    assert "photos" in names
    assert "elsewhere" not in names


def test_start_run__nested():
    """A run knows its parent and its tags."""
    parent = start_run("photos", "retrain", {})
    found = mlflow_client().get_run(start_run("photos", "train", {"seed": "3"}, parent))
    assert found.data.tags["mlflow.parentRunId"] == parent
    assert (found.info.run_name, found.data.tags["seed"]) == ("train", "3")


def test_settled__finished_and_failed():
    """A block that ends finishes the run, a block that raises fails it and the error goes on."""
    first, second = start_run("photos", "a", {}), start_run("photos", "b", {})
    with settled(first):
        assert status(first) == "RUNNING"
    with pytest.raises(KeyError), settled(second):
        raise KeyError
    assert (status(first), status(second)) == ("FINISHED", "FAILED")


def test_settled__what_broke_the_block_breaks_the_mark(tracked):
    """A disk that is full refuses both; the first fault is told, and the next retrain closes the run."""
    run_id = start_run("photos", "a", {})
    with pytest.raises(StorageError, match="the disk is full"), settled(run_id):
        (tracked / ".regraft" / "mlflow.db").write_bytes(b"no database")
        raise StorageError("the disk is full")


def test_log_values__read_back():
    """Metrics and parameters come back; an undefined metric is left out and takes no other with it."""
    run_id = start_run("photos", "a", {})
    log_values(run_id, {"auc": 0.75, "f1": float("nan"), "slice_auc/type: m": 1}, {"epochs": 3}, {"decision": "HOLD"})
    assert run_metrics(run_id) == {"auc": 0.75, "slice_auc/type: m": 1.0}
    assert run_params(run_id) == {"epochs": "3"}
    assert mlflow_client().get_run(run_id).data.tags["decision"] == "HOLD"


def test_log_json__read_back():
    """A text artifact comes back as it was, umlauts included."""
    run_id = start_run("photos", "a", {})
    log_json(run_id, "domain.json", '{"description": "Zürich"}')
    assert json.loads(read_text(run_id, "domain.json")) == {"description": "Zürich"}


def test_read_text__missing():
    """An artifact that was never written is one clear error."""
    with pytest.raises(RegistryError, match="cannot read nothing.json of run"):
        read_text(start_run("photos", "a", {}), "nothing.json")


def test_log_figures__as_png():
    """Every figure is a PNG below figures/."""
    run_id = start_run("photos", "a", {})
    log_figures(run_id, {"one": Figure(), "two": Figure()})
    found = {one.path for one in mlflow_client().list_artifacts(run_id, "figures")}
    assert found == {"figures/one.png", "figures/two.png"}


def test_log_dataset__input_of_the_run(tracked):
    """The dataset version is the digest of the run's input, all 36 characters of it."""
    run_id, version = start_run("photos", "a", {}), "d" * 32 + ".dir"
    log_dataset(run_id, "photos", version, tracked / "photos", {"train": 3})
    (found,) = mlflow_client().get_run(run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("photos", version)
    assert json.loads(found.dataset.profile) == {"train": 3}


def test_latest_run__newest_that_fulfils():
    """The newest run with the tag is found, a newer one without it is not; nothing found is None."""
    assert latest_run("photos", "tags.action != ''") is None
    start_run("photos", "old", {"action": "nothing"})
    log_values(start_run("photos", "new", {"action": "retrain"}), {"drift": 0.25}, {}, {})
    start_run("photos", "other", {})
    found = latest_run("photos", "tags.action != ''")
    assert (found["run"], found["action"], found["drift"]) == ("new", "retrain", "0.25")


@pytest.mark.usefixtures("tracked")
def test_experiment_id__mlflow_was_emptied():
    """A domain in production of which MLflow knows nothing is told with its remedy; nothing new hides the loss."""
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=None, to=1, **facts))
    with pytest.raises(RegistryError, match=r"mlflow.db: no experiment 'photos', .* v1 .* restore it from"):
        experiment_id("photos")
    assert mlflow_client().get_experiment_by_name("photos") is None


def test_run_address__side_of_training():
    """MLflow's pages open on the side of language models otherwise."""
    run_id = start_run("photos", "a", {})
    page = f"http://127.0.0.1:5000/#/experiments/{experiment_id('photos')}/runs/{run_id}"
    assert run_address(run_id) == f"{page}?workflowType=machine_learning"

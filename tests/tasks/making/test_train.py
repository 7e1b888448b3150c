"""An interrupted fit keeps its MLflow run; what was trained alike is found instead of trained again."""

from dataclasses import replace

import pytest

from lightning_modules.config import FitConfig
from registry.errors import RegistryError
from registry.ledger.uses import Uses
from registry.store.client import mlflow_client
from registry.store.models import describe_versions
from registry.store.run_marks import SINCE
from registry.store.tracking import log_values, settled, start_run
from settings.machine import load_settings
from tasks.making.train import describe, find_candidate, fit_config, open_training_run, register
from tasks.plan import Prepared


def test_open_training_run__tells_where_it_comes_from(plan):
    """Data set, lineage, parameters, split sizes and the domain file are with the run."""
    run_id = open_training_run.fn(plan, None)
    run = mlflow_client().get_run(run_id)
    assert run.data.tags["dataset_version"] == "d" * 32 + ".dir"
    assert run.inputs.dataset_inputs[0].dataset.digest == "d" * 32 + ".dir"
    assert (run.data.params["train"], run.data.params["test"], run.data.params["seed"]) == ("32", "16", "3")
    assert {one.path for one in mlflow_client().list_artifacts(run_id)} == {"domain.json"}


def test_open_training_run__interrupted(plan):
    """The run of a killed fit of the same data and recipe is opened again; another seed gets a run of its own."""
    first = open_training_run.fn(plan, None)
    plan.fit_folder.mkdir(parents=True)
    config = fit_config(plan, plan.fit_folder, first)
    (plan.fit_folder / "fit.json").write_text(config.model_dump_json())
    with settled(first):
        pass
    assert open_training_run.fn(plan, "p") == first
    assert mlflow_client().get_run(first).info.status == "RUNNING"
    other = plan.trained_with(plan.domain.training.model_copy(update={"seed": 4}))
    assert open_training_run.fn(other, "p") != first


def test_open_training_run__after_a_kill(plan):
    """What a killed command left running in the domain is ended by the next training."""
    left = start_run(plan.name, "rank", {})
    log_values(left, {}, {}, {SINCE: "2020-01-01T00:00:00+00:00"})  # of a process before this one
    run_id = open_training_run.fn(plan, None)
    assert [mlflow_client().get_run(one).info.status for one in (left, run_id)] == ["KILLED", "RUNNING"]


def test_fit_config__reads_back(plan, tmp_path):
    """What the fit process reads is what it was told, its devices among it."""
    config = fit_config(plan, tmp_path / "out", "r")
    assert FitConfig.model_validate_json(config.model_dump_json()) == config
    assert (config.folder, config.threads) == (tmp_path / "out", plan.settings.cores)
    assert config.pretrained == plan.pretrained


def test_register__found_again(plan, trained, own_workshop):
    """A registered version is found by what made it, and its fit's folder is gone; other data find nothing."""
    made = register.fn(plan, trained)
    assert not own_workshop.fit.exists()
    assert find_candidate.fn(plan) == made
    assert find_candidate.fn(replace(plan, prepared=Prepared(plan.prepared.folder, "other"))) is None
    assert mlflow_client().get_run(trained.run_id).data.tags["model_version"] == "1"


def test_register__retried(plan, trained, own_workshop, monkeypatch):
    """A retry after the version was registered finishes the rest and registers nothing twice."""

    def broken(*_):
        raise RegistryError("MLflow is down")

    with monkeypatch.context() as patch, pytest.raises(RegistryError, match="down"):
        patch.setattr("tasks.making.train.log_values", broken)
        register.fn(plan, trained)
    assert register.fn(plan, trained).version == 1
    assert list(describe_versions("photos")) == [1]
    assert mlflow_client().get_run(trained.run_id).data.tags["model_version"] == "1"
    assert not own_workshop.fit.exists()


def test_describe__of_this_fit(plan, trained, own_workshop):
    """The card tells the domain's words, the fit's time, energy and refit, the recipe and the licence of the data."""
    (own_workshop.fit / "energy.json").write_text('{"kilowatt_hours": 0.25}')
    data = plan.domain.data.model_copy(update={"licence": "CC0-1.0"})
    folder = describe.fn(replace(plan, domain=plan.domain.model_copy(update={"data": data})), trained)
    (use,) = Uses(load_settings().ledger).of("photos", 0)
    assert (use.purpose, use.look, use.version) == ("evaluate", None, 0)
    text = (folder / "model_card.md").read_text()
    for said in (
        "Squares.",
        "Sorting.",
        "| Epochs | 7 |",
        "12.5 seconds",
        "0.25 kWh",
        "| Licence | CC0-1.0 |",
        "Seed | 3",
    ):
        assert said in text

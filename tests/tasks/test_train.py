"""An interrupted fit keeps its MLflow run; what was trained alike is found instead of trained again."""

import json
from dataclasses import replace

import pytest

from data.config import DataConfig
from evaluation.inference.config import EvaluationConfig
from lightning_modules.config import TrainingConfig
from lightning_modules.fitting.launch import FitResult
from registry.errors import RegistryError
from registry.gate.config import GateConfig
from registry.ledger.uses import Uses
from registry.store.models import describe_versions
from registry.store.tracking import mlflow_client, settled
from settings.machine import load_settings
from tasks.prepare import Prepared
from tasks.train import _folder, describe, find_candidate, open_training_run, register

BACKBONE = "tf_efficientnet_lite0.imagenet"
DATA = {"source": {"kind": "digits"}, "tasks": {"label": {"classes": ["dark", "light"]}}}


@pytest.fixture
def given(own_workshop):
    """The arguments that the training tasks share: root, name, data, training and dataset version."""
    return {
        "root": own_workshop.root,
        "name": "photos",
        "data": DataConfig.model_validate_json(json.dumps(DATA)),
        "training": TrainingConfig.model_validate_json(
            json.dumps({"backbone": BACKBONE, "recipe": {"kind": "linear_probe"}, "seed": 3})
        ),
        "prepared": Prepared(own_workshop.dataset.folder, "d" * 32 + ".dir"),
    }


def test_open_training_run__tells_where_it_comes_from(given):
    """Data set, lineage, parameters, split sizes and the domain file are with the run."""
    run_id = open_training_run.fn(**given, snapshot='{"a": 1}', parent=None)
    run = mlflow_client().get_run(run_id)
    assert run.data.tags["dataset_version"] == "d" * 32 + ".dir"
    assert run.inputs.dataset_inputs[0].dataset.digest == "d" * 32 + ".dir"
    assert (run.data.params["train"], run.data.params["test"], run.data.params["seed"]) == ("32", "16", "3")
    assert {one.path for one in mlflow_client().list_artifacts(run_id)} == {"domain.json"}


def test_open_training_run__interrupted(given, own_workshop, fit_config):
    """The run of a killed fit of the same data and recipe is opened again; another seed gets a run of its own."""
    first = open_training_run.fn(**given, snapshot="{}", parent=None)
    given["prepared"] = replace(given["prepared"])
    folder = _folder(given["root"], "photos", given["data"], given["training"], given["prepared"])
    folder.mkdir(parents=True)
    config = fit_config(own_workshop.root, own_workshop.dataset, folder).model_copy(update={"run_id": first})
    (folder / "fit.json").write_text(config.model_dump_json())
    with settled(first):
        pass
    assert open_training_run.fn(**given, snapshot="{}", parent="p") == first
    assert mlflow_client().get_run(first).info.status == "RUNNING"
    given["training"] = given["training"].model_copy(update={"seed": 4})
    assert open_training_run.fn(**given, snapshot="{}", parent="p") != first


def test_register__found_again(given, own_workshop):
    """A registered version is found by what made it, and its fit's folder is gone; other data find nothing."""
    run_id = open_training_run.fn(**given, snapshot="{}", parent=None)
    made = register.fn(
        given["root"], "photos", own_workshop.package, run_id, given["data"], given["training"], given["prepared"], "x"
    )
    assert not own_workshop.fit.exists()
    asked = {key: given[key] for key in ("root", "name", "data", "training")}
    assert find_candidate.fn(**asked, prepared=given["prepared"]) == made
    assert find_candidate.fn(**asked, prepared=replace(given["prepared"], version="other")) is None
    assert mlflow_client().get_run(run_id).data.tags["model_version"] == "1"


def test_register__retried(given, own_workshop, monkeypatch):
    """A retry after the version was registered finishes the rest and registers nothing twice."""
    run_id = open_training_run.fn(**given, snapshot="{}", parent=None)
    asked = own_workshop.package, run_id, given["data"], given["training"], given["prepared"], "x"

    def broken(*_):
        raise RegistryError("MLflow is down")

    with monkeypatch.context() as patch, pytest.raises(RegistryError, match="down"):
        patch.setattr("tasks.train.log_values", broken)
        register.fn(given["root"], "photos", *asked)
    assert register.fn(given["root"], "photos", *asked).version == 1
    assert list(describe_versions("photos")) == [1]
    assert mlflow_client().get_run(run_id).data.tags["model_version"] == "1"
    assert not own_workshop.fit.exists()


def test_describe__of_this_fit(given, own_workshop):
    """The card tells the domain's words, the fit's time and energy, the recipe and the licence of the data."""
    (own_workshop.fit / "energy.json").write_text('{"kilowatt_hours": 0.25}')
    fitted = FitResult(own_workshop.fit, 7, 0.1, 0, 12.5, ())
    given["data"] = given["data"].model_copy(update={"licence": "CC0-1.0"})
    gate = GateConfig(floor=0.5, resamples=100)
    folder = describe.fn(
        **given, folder=own_workshop.package, gate=gate, slices=EvaluationConfig(), fitted=fitted,
        description="Squares.", intended_use="Sorting.",
    )  # fmt: skip
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

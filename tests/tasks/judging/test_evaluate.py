"""Versions are judged by their shipped packages, and the numbers go where they belong."""

from dataclasses import replace

import numpy as np
import pytest

from data.stores.manifest import read_table, write_table
from evaluation.inference.config import EvaluationConfig
from evaluation.inference.disparity import MEASURES
from evaluation.predictions.storage import read_predictions
from registry.store.client import mlflow_client
from registry.store.tracking import run_metrics
from tasks.judging.evaluate import Contestant, evaluate
from tasks.plan import Prepared


@pytest.fixture
def judge(plan, prefect_api):
    """Judges a version on the workshop's samples under the name of a dataset version."""

    def judge(version: int, data: str, parent: str | None = None):
        named = replace(plan, prepared=Prepared(plan.prepared.folder, data))
        return evaluate(named, Contestant(version, "challenger", parent))

    return judge


def test_evaluate__on_its_own_data(registered, judge, own_workshop):
    """Metrics and figures go to the run that trained the version; the predictions are kept."""
    registered(dataset_version="d1")
    found = judge(1, "d1")
    assert found.run_id == mlflow_client().get_model_version("photos", "1").run_id
    assert run_metrics(found.run_id)["test_accuracy"] > 0.9
    assert run_metrics(found.run_id)["latency_ms"] == pytest.approx(found.measured.latency_ms)
    assert {"figures/confusion_matrix.png", "figures/samples.png"} <= {
        one.path for one in mlflow_client().list_artifacts(found.run_id, "figures")
    }
    kept = read_predictions(found.predictions)
    assert kept.hashes == list(own_workshop.dataset.rows("test")["hash"])
    assert np.isclose(kept.probabilities.sum(1), 1, atol=1e-3).all()


def test_evaluate__on_later_data(registered, judge):
    """They go to a run of their own below the retrain, and the training run keeps its numbers."""
    registered(dataset_version="d1")
    trained = mlflow_client().get_model_version("photos", "1").run_id
    found = judge(1, "d2", parent="p")
    tags = mlflow_client().get_run(found.run_id).data.tags
    assert found.run_id != trained
    assert (tags["mlflow.parentRunId"], tags["test_data"], tags["dataset_version"]) == ("p", "d2", "d1")
    assert run_metrics(trained) == {}


def test_evaluate__protected(registered, plan, own_workshop, prefect_api):
    """Disparities of a protected column are measured, and the decision's page gets a line a measure."""
    registered(dataset_version="d1")
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    write_table(path, table.assign(**{"slice.site": np.where(table.index // 2 % 2, "a", "b")}))
    domain = plan.domain.model_copy(update={"evaluation": EvaluationConfig(slices=(), protected=("site",))})
    found = evaluate(replace(plan, domain=domain), Contestant(1, "challenger"))
    assert [one.measure for one in found.measured.disparities] == list(MEASURES)
    few = "fewer than two groups are large enough to be compared; too small: a (8 samples), b (8 samples)"
    assert found.notes[0] == f"v1: site, selection rate of light: {few}"
    assert len(found.notes) == 3

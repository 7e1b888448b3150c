"""Judged on the same samples, and the latest decision is the one that counts."""

import json

import numpy as np
import pytest

from data.config import DataConfig
from evaluation.storage import read_predictions
from registry.config import GateConfig
from registry.models import describe_versions
from registry.tracking import mlflow_client, run_metrics
from tasks.evaluate import evaluate, gate
from tasks.prepare import Prepared
from tasks.promote import read_verdict

DATA = {"source": {"kind": "digits"}, "tasks": {"label": {"classes": ["dark", "light"]}}}


@pytest.fixture
def judge(own_workshop, prefect_api):
    """Judges a version on the workshop's samples under the name of a dataset version."""

    def judge(version: int, data: str, parent: str | None = None):
        config, rule = DataConfig.model_validate_json(json.dumps(DATA)), GateConfig(metric="accuracy", floor=0.5)
        return evaluate(
            "photos", version, "challenger", config, rule, Prepared(own_workshop.dataset.folder, data), parent
        )

    return judge


def test_evaluate__on_its_own_data(registered, judge, own_workshop):
    """Metrics and figures go to the run that trained the version; the predictions are kept."""
    registered(dataset_version="d1")
    found = judge(1, "d1")
    assert found.run_id == mlflow_client().get_model_version("photos", "1").run_id
    assert run_metrics(found.run_id)["test_accuracy"] > 0.9
    assert run_metrics(found.run_id)["latency_ms"] == pytest.approx(found.latency_ms)
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


def test_gate__decision_is_recorded(registered, judge):
    """The decision comes back with the same evidence, and the registry's list shows its outcome."""
    registered(dataset_version="d1")
    judged = judge(1, "d1")
    prepared = Prepared(judged.predictions.parent, "d1")
    verdict = gate(judged, None, GateConfig(metric="accuracy", floor=0.5), prepared)
    assert read_verdict.fn("photos", 1) == verdict
    assert verdict.decision.outcome == describe_versions("photos")[1]["decision"] == "PROMOTE"


def test_gate__latest_decision_counts(registered, judge):
    """A version that was let pass once and is rejected on later data is not promoted on the old evidence."""
    registered(dataset_version="d1")
    for data, floor, outcome in [("d1", 0.5, "PROMOTE"), ("d2", 1.5, "REJECT")]:
        judged = judge(1, data)
        gate(judged, None, GateConfig(metric="accuracy", floor=floor), Prepared(judged.predictions.parent, data))
        assert read_verdict.fn("photos", 1).decision.outcome == outcome

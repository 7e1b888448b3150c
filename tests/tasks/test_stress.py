"""The stress task leaves its curves, figures and means in the run of the evaluation."""

from dataclasses import replace

import pytest

from evaluation.inference.config import EvaluationConfig
from evaluation.predictions.storage import write_predictions
from evaluation.stress.config import StressConfig
from registry.gate.decision import Measured
from registry.package.judging import predict_test
from registry.package.package import load_package
from registry.store.tracking import mlflow_client, run_metrics
from tasks.evaluate import Judged
from tasks.stress import stress

CONFIG = StressConfig(
    corruptions=["noise", "blur"], severities=[1, 5], samples=6, budgets=[0.5], attacked_samples=4, pgd_steps=1,
    explained_samples=1,
)  # fmt: skip


@pytest.fixture
def judged(own_workshop, registered, prefect_api, monkeypatch):
    """The registered workshop package with its predictions on disk."""
    monkeypatch.setenv("REGRAFT_THREADS", "1")
    version = registered(dataset_version="d1")
    path = own_workshop.root / "predictions.parquet"
    write_predictions(path, predict_test(load_package(own_workshop.package), own_workshop.dataset, EvaluationConfig()))
    run_id = mlflow_client().get_model_version("photos", str(version)).run_id
    return Judged("photos", version, path, Measured(1.0, 1.0, 0.0, 1e-3, ()), run_id)


def test_stress__is_logged(judged, plan):
    """MLflow has a curve a measure by severity, the figures, and means that come back too."""
    found = stress(replace(plan, domain=plan.domain.model_copy(update={"stress": CONFIG})), judged)
    client = mlflow_client()
    history = client.get_metric_history(judged.run_id, "corrupted_accuracy/noise")
    assert [point.step for point in history] == [0, 1, 5]
    assert run_metrics(judged.run_id)["corrupted_flipped/mean"] == pytest.approx(found.means["corrupted_flipped/mean"])
    assert {one.path for one in client.list_artifacts(judged.run_id, "figures")} == {
        f"figures/{name}.png" for name in ("corruptions", "corrupted_sample", "attacks", "saliency")
    }
    assert client.get_run(judged.run_id).data.tags["stress"] == "done"

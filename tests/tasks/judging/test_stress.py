"""The stress task leaves its curves, figures and means in the run of the evaluation."""

from dataclasses import replace

import pytest

from evaluation.inference.config import EvaluationConfig
from evaluation.predictions.storage import predictions_path, write_predictions
from evaluation.stress.config import StressConfig
from registry.errors import GateError
from registry.package.judging import predict_test
from registry.package.package import load_package
from registry.store.client import mlflow_client
from registry.store.models import DECISION_RUN, tag_version
from registry.store.tracking import run_metrics
from tasks.events import announce_stress, owed_stress
from tasks.judging import stress as module
from tasks.judging.stress import stress

CONFIG = StressConfig(
    corruptions=["noise", "blur"], severities=[1, 5], samples=6, budgets=[0.5], attacked_samples=4, pgd_steps=1,
    explained_samples=1,
)  # fmt: skip


@pytest.fixture
def judged(own_workshop, registered, plan, prefect_api, monkeypatch):
    """The registered workshop package with its predictions where its judgement leaves them; returns the run."""
    monkeypatch.setenv("REGRAFT_THREADS", "1")
    version = registered()
    path = predictions_path(plan.settings.home, "photos", version, plan.prepared.version)
    write_predictions(path, predict_test(load_package(own_workshop.package), own_workshop.dataset, EvaluationConfig()))
    run_id = mlflow_client().get_model_version("photos", str(version)).run_id
    tag_version("photos", version, {DECISION_RUN: run_id})
    return run_id


def test_stress__is_logged(judged, plan):
    """MLflow has a curve a measure by severity, the figures, and means that come back too; nothing is owed any more."""
    announce_stress("photos", 1)
    found = stress(replace(plan, domain=plan.domain.model_copy(update={"stress": CONFIG})), 1)
    client = mlflow_client()
    history = client.get_metric_history(judged, "corrupted_accuracy/noise")
    assert [point.step for point in history] == [0, 1, 5]
    assert run_metrics(judged)["corrupted_flipped/mean"] == pytest.approx(found.means["corrupted_flipped/mean"])
    assert {one.path for one in client.list_artifacts(judged, "figures")} == {
        f"figures/{name}.png" for name in ("corruptions", "corrupted_sample", "attacks", "saliency")
    }
    tags = client.get_run(judged).data.tags
    assert (tags["stress"], tags["stress_data"]) == ("done", plan.prepared.version)
    assert owed_stress("photos") == []


def test_stress__never_judged(judged, plan, caplog):
    """That it begins is told; without predictions on these data there is nothing to compare with, and it stays owed."""
    caplog.set_level("INFO", "tasks.judging.stress")
    later = replace(plan, prepared=replace(plan.prepared, version="e" * 32 + ".dir"))
    with pytest.raises(GateError, match="was never judged on e"):
        stress.fn(later, 1)
    assert "photos v1 is put under stress" in caplog.text
    assert owed_stress("photos") == [1]


def test_stress__tries_the_estimate(judged, plan, monkeypatch):
    """What checks estimate without labels is tried on the corrupted images, by the metric that is watched."""
    asked = []
    monkeypatch.setattr(module, "validate_shifted", lambda *args: asked.append(args))
    stress.fn(replace(plan, domain=plan.domain.model_copy(update={"stress": CONFIG})), 1)
    ((found, tried, known, metric, seed),) = asked
    assert (found.version, len(tried.shifted), metric, seed) == (1, 4, "accuracy", 0)
    assert len(known) == 32

"""The evidence tasks: judge versions on the same test samples."""

from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.artifacts import create_table_artifact

from data.config import DataConfig
from data.stores.dataset import Dataset
from evaluation.inference.config import EvaluationConfig
from evaluation.predictions.storage import write_predictions
from evaluation.report.evaluate import Evaluation
from evaluation.report.evaluate import evaluate as evaluate_predictions
from registry.cards.model_card import card_gaps
from registry.errors import GateError
from registry.gate.config import GateConfig
from registry.gate.decision import Decision, Measured
from registry.ledger.ledger import Ledger
from registry.ledger.looks import count_evaluation
from registry.package.judging import evaluation_figures, evaluation_metrics, predict_test
from registry.package.package import load_package
from registry.package.parity import TOLERANCE
from registry.store.models import ModelVersion, model_version
from registry.store.tracking import log_figures, log_table, log_values, run_params, settled, start_run
from settings.machine import load_settings
from tasks.policy import COMPUTE, IO
from tasks.prepare import Prepared
from tasks.progress import artifact_key


@dataclass(frozen=True)
class Judged:
    """One version judged: its predictions, what was measured, which test set it was, and the MLflow run."""

    domain: str
    version: int
    predictions: Path
    measured: Measured
    run_id: str
    generation: int = 0


@dataclass(frozen=True)
class Verdict:
    """The gate's decision about a version, against the champion of that moment."""

    domain: str
    version: int
    champion: int | None
    dataset_version: str
    decision: Decision


@task(name="find champion", task_run_name="find champion of {name}", **IO)
def find_champion(name: str) -> int | None:
    """The version in production, by the ledger."""
    return Ledger(load_settings().ledger).champion(name)


@task(name="check version", task_run_name="check that {name} v{version} is a challenger", **IO)
def refuse_champion(name: str, version: int) -> None:
    """Raises GateError where a version would be compared with itself."""
    if Ledger(load_settings().ledger).champion(name) == version:
        raise GateError(f"{name!r} v{version} is the champion already; evaluate another version against it")


@task(name="evaluate", task_run_name="evaluate {name} v{version} · {role}", **COMPUTE)
def evaluate(
    name: str,
    version: int,
    role: str,
    data: DataConfig,
    gate: GateConfig,
    slices: EvaluationConfig,
    prepared: Prepared,
    parent: str | None,
) -> Judged:
    """Judges the shipped package on the test split; metrics, slices and figures go to MLflow.

    On the data that it was trained from they go to the run that trained it, on later data to a run of their own.
    """
    found, dataset = model_version(name, version), Dataset(prepared.folder, data.task, data.classes)
    package = load_package(found.folder)
    count_evaluation(name, dataset, role, version)
    predictions = predict_test(package, dataset, slices)
    evaluation = evaluate_predictions(predictions, gate.metric, gate.resampling)
    path = load_settings().home / "evaluations" / name / f"v{version}-{prepared.version}.parquet"
    write_predictions(path, predictions)
    measured = Measured(package.latency_ms(), package.size_mb, package.parity, TOLERANCE, card_gaps(found.folder))
    cost = {"latency_ms": measured.latency_ms, "size_mb": measured.size_mb, "parity": measured.parity}
    same = found.tags.get("dataset_version") == prepared.version
    run_id = found.run_id if same else _later_run(found, role, prepared, parent)
    log_values(run_id, {**evaluation_metrics(evaluation), **cost}, {}, {"test_data": prepared.version})
    log_table(run_id, "slices.json", evaluation.slices.to_json(orient="split", index=False, double_precision=6))
    log_figures(run_id, evaluation_figures(evaluation, predictions, dataset))
    _show(name, version, role, evaluation)
    return Judged(name, version, path, measured, run_id, dataset.generation)


def _later_run(found: ModelVersion, role: str, prepared: Prepared, parent: str | None) -> str:
    """A run with the parameters that the version was trained with, so that a comparison shows what differs."""
    tags = {"test_data": prepared.version, "model_version": str(found.version), "role": role, **found.tags}
    with settled(start_run(found.domain, f"v{found.version} · {role} on the same samples", tags, parent)) as run_id:
        log_values(run_id, {}, run_params(found.run_id), {})
        return run_id


def _show(name: str, version: int, role: str, evaluation: Evaluation) -> None:
    rows = [
        {"metric": metric, "value": f"{found.value:.4f}", "interval": f"{found.low:.4f} to {found.high:.4f}"}
        for metric, found in {**evaluation.metrics, "ece": evaluation.calibration}.items()
    ]
    text = f"{role} v{version} on {evaluation.samples} test samples in {evaluation.groups} groups"
    create_table_artifact(rows, key=artifact_key("metrics", name, role), description=text)

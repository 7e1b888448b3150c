"""The evidence tasks: judge versions on the same test samples, and decide."""

import json
from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from data.config import DataConfig
from data.dataset import Dataset
from data.settings import load_settings
from evaluation.evaluate import Evaluation
from evaluation.evaluate import evaluate as evaluate_predictions
from evaluation.storage import read_predictions, write_predictions
from registry.config import GateConfig
from registry.errors import GateError
from registry.gate import Decision, decide
from registry.judging import evaluation_figures, evaluation_metrics, predict_test
from registry.ledger import Ledger
from registry.models import ModelVersion, model_version, tag_version
from registry.package import load_package
from registry.tracking import log_figures, log_json, log_values, run_address, run_params, settled, start_run
from tasks.policy import COMPUTE, IO
from tasks.prepare import Prepared
from tasks.progress import artifact_key


@dataclass(frozen=True)
class Judged:
    """One version judged: where its predictions lie, what it costs, and the MLflow run that shows it."""

    domain: str
    version: int
    predictions: Path
    latency_ms: float
    size_mb: float
    run_id: str


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
    name: str, version: int, role: str, data: DataConfig, gate: GateConfig, prepared: Prepared, parent: str | None
) -> Judged:
    """Judges the shipped package on the test split; metrics, slices and figures go to MLflow.

    On the data that it was trained from they go to the run that trained it, on later data to a run of their own.
    """
    found, dataset = model_version(name, version), Dataset(prepared.folder, data.task, data.classes)
    package = load_package(found.folder)
    predictions = predict_test(package, dataset)
    evaluation = evaluate_predictions(
        predictions, metric=gate.metric, seed=gate.seed, resamples=gate.resamples, level=gate.level
    )
    path = load_settings().home / "evaluations" / name / f"v{version}-{prepared.version}.parquet"
    write_predictions(path, predictions)
    cost = {"latency_ms": package.latency_ms(), "size_mb": package.size_mb}
    same = found.tags.get("dataset_version") == prepared.version
    run_id = found.run_id if same else _later_run(found, role, prepared, parent)
    log_values(run_id, {**evaluation_metrics(evaluation), **cost}, {}, {"test_data": prepared.version})
    log_figures(run_id, evaluation_figures(evaluation, predictions, dataset))
    _show(name, version, role, evaluation)
    return Judged(name, version, path, cost["latency_ms"], cost["size_mb"], run_id)


@task(name="gate", task_run_name="gate {challenger.domain} v{challenger.version}", **COMPUTE)
def gate(challenger: Judged, champion: Judged | None, config: GateConfig, prepared: Prepared) -> Verdict:
    """Decides on paired evidence; the decision is kept with the version and shown in the UI."""
    decision = decide(
        read_predictions(challenger.predictions),
        read_predictions(champion.predictions) if champion else None,
        config=config,
        latency_ms=challenger.latency_ms,
        size_mb=challenger.size_mb,
    )
    against = champion.version if champion else None
    verdict = Verdict(challenger.domain, challenger.version, against, prepared.version, decision)
    log_json(challenger.run_id, "decision.json", json.dumps(_plain(verdict), indent=1))
    log_values(challenger.run_id, {}, {}, {"decision": decision.outcome})
    found = decision.challenger
    tag_version(verdict.domain, verdict.version, {
        "decision": decision.outcome, "decision_run": challenger.run_id,
        decision.metric: f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})",
    })  # fmt: skip
    runs = {"challenger": challenger, "champion": champion}
    links = ", ".join(f"[{role}]({run_address(one.run_id)})" for role, one in runs.items() if one)
    create_markdown_artifact(
        f"{decision.markdown()}\n\nMLflow: {links}; data `{prepared.version}`",
        key=artifact_key("decision", verdict.domain),
        description="The gate's decision",
    )
    return verdict


def _plain(verdict: Verdict) -> dict[str, object]:
    return {
        "version": verdict.version,
        "champion": verdict.champion,
        "dataset_version": verdict.dataset_version,
        "decision": verdict.decision.model_dump(mode="json"),
    }


def _later_run(found: ModelVersion, role: str, prepared: Prepared, parent: str | None) -> str:
    """A run with the parameters that the version was trained with, so that a comparison shows what differs."""
    tags = {"test_data": prepared.version, "model_version": str(found.version), "role": role, **found.tags}
    with settled(start_run(found.domain, f"v{found.version} · {role} on the same samples", tags, parent)) as run_id:
        log_values(run_id, {}, run_params(found.run_id), {})
        return run_id


def _show(name: str, version: int, role: str, evaluation: Evaluation) -> None:
    rows = [
        {"metric": metric, "value": f"{found.value:.4f}", "interval": f"{found.low:.4f} to {found.high:.4f}"}
        for metric, found in evaluation.metrics.items()
    ]
    text = f"{role} v{version} on {evaluation.samples} test samples in {evaluation.groups} groups"
    create_table_artifact(rows, key=artifact_key("metrics", name, role), description=text)

"""The evidence tasks: judge versions on the same test samples."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from prefect import task
from prefect.artifacts import create_table_artifact

from evaluation.inference.disparity import worst_disparities
from evaluation.predictions.storage import predictions_path, write_predictions
from evaluation.report.evaluate import Evaluation
from evaluation.report.evaluate import evaluate as evaluate_predictions
from registry.cards.model_card import card_gaps
from registry.errors import GateError
from registry.gate.decision import Measured
from registry.ledger.binding import package_sha256
from registry.ledger.ledger import Ledger
from registry.ledger.uses import count_evaluation
from registry.package.judging import evaluation_figures, evaluation_metrics, predict_test, what_differs
from registry.package.out_of_fold import predict_out_of_fold, why_not
from registry.package.package import Package
from registry.package.parity import TOLERANCE, served_difference
from registry.store.models import ModelVersion, model_version
from registry.store.tracking import log_figures, log_table, log_values, run_params, settled, start_run
from settings.machine import load_settings
from tasks.plan import Plan
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key


@dataclass(frozen=True)
class Contestant:
    """A version that is to be judged, in which role, and the MLflow run that holds the runs of the comparison."""

    version: int
    role: Literal["challenger", "champion", "best"]
    parent: str | None = None


@dataclass(frozen=True)
class Judged:
    """One version judged: its predictions, what was measured, on which test set, the MLflow run, what differs.

    `package` is the sha256 of its manifest. `out_of_fold` are predictions of all samples, where the gate asks for such;
    `tested_only` says why it has none.
    """

    domain: str
    version: int
    predictions: Path
    measured: Measured
    run_id: str
    generation: int = 0
    notes: tuple[str, ...] = ()
    package: str = ""
    out_of_fold: Path | None = None
    tested_only: str = ""


@task(name="find champion", task_run_name="find champion of {name}", **IO)
def find_champion(name: str) -> int | None:
    """The version in production, by the ledger."""
    return Ledger(load_settings().ledger).champion(name)


@task(name="check version", task_run_name="check that {name} v{version} is a challenger", **IO)
def refuse_champion(name: str, version: int) -> None:
    """Raises GateError where a version would be compared with itself."""
    if Ledger(load_settings().ledger).champion(name) == version:
        raise GateError(f"{name!r} v{version} is the champion already; evaluate another version against it")


@task(name="evaluate", task_run_name="evaluate {plan.name} v{contestant.version} · {contestant.role}", **COMPUTE)
def evaluate(plan: Plan, contestant: Contestant) -> Judged:
    """Judges the shipped package on the test split; metrics, slices and figures go to MLflow.

    On the data that it was trained from they go to the run that trained it, on later data to a run of their own.
    """
    name, version, data, gate = plan.name, contestant.version, plan.prepared.version, plan.domain.gate
    found = model_version(name, version)
    package = found.load()
    count_evaluation(plan.settings, name, plan.dataset, "evaluation", version)
    predictions = predict_test(package, plan.dataset, plan.domain.evaluation, plan.raw.again)
    evaluation = evaluate_predictions(predictions, gate.metric, gate.resampling, plan.domain.evaluation.protected)
    path = predictions_path(plan.settings.home, name, version, data)
    write_predictions(path, predictions)
    measured = Measured(
        latency_ms=package.latency_ms(), size_mb=package.size_mb, parity=served_difference(package),
        parity_limit=TOLERANCE, card_gaps=card_gaps(found.folder), disparities=evaluation.disparities,
    )  # fmt: skip
    cost = {"latency_ms": measured.latency_ms, "size_mb": measured.size_mb, "parity": measured.parity}
    run_id = found.run_id if found.tags.get("dataset_version") == data else _later_run(found, contestant, data)
    log_values(run_id, {**evaluation_metrics(evaluation), **cost}, {}, {"test_data": data})
    log_table(run_id, "slices.json", evaluation.slices.to_json(orient="split", index=False, double_precision=6))
    log_figures(run_id, evaluation_figures(evaluation, predictions, plan.dataset))
    _show(name, contestant, evaluation)
    told = [*what_differs(package, plan.dataset), *(one.text for one in worst_disparities(evaluation.disparities))]
    notes = tuple(f"v{version}: {note}" for note in told)
    judged = Judged(name, version, path, measured, run_id, plan.dataset.generation, notes, package_sha256(found.folder))
    return judged if gate.evidence == "test" else _out_of_fold(plan, package, judged)


def _out_of_fold(plan: Plan, package: Package, judged: Judged) -> Judged:
    """Keeps what is said of all samples out of fold beside what was said of the test set."""
    reason = why_not(package, plan.dataset)
    if reason is not None:
        return replace(judged, tested_only=f"v{judged.version} has no out-of-fold answers: {reason}")
    path = predictions_path(plan.settings.home, plan.name, judged.version, f"{plan.prepared.version}-all")
    write_predictions(path, predict_out_of_fold(package, plan.dataset, plan.domain.evaluation, plan.raw.again))
    return replace(judged, out_of_fold=path)


def _later_run(found: ModelVersion, contestant: Contestant, data: str) -> str:
    """A run with the parameters that the version was trained with, so that a comparison shows what differs."""
    title = f"v{found.version} · {contestant.role} on the same samples"
    tags = {"test_data": data, "model_version": str(found.version), "role": contestant.role, **found.tags}
    with settled(start_run(found.domain, title, tags, contestant.parent)) as run_id:
        log_values(run_id, {}, run_params(found.run_id), {})
        return run_id


def _show(name: str, contestant: Contestant, evaluation: Evaluation) -> None:
    rows = [
        {"metric": metric, "value": f"{found.value:.4f}", "interval": f"{found.low:.4f} to {found.high:.4f}"}
        for metric, found in {**evaluation.metrics, "ece": evaluation.calibration}.items()
    ]
    who = f"{contestant.role} v{contestant.version}"
    text = f"{who} on {evaluation.samples} test samples in {evaluation.groups} groups"
    create_table_artifact(rows, key=artifact_key("metrics", name, contestant.role), description=text)

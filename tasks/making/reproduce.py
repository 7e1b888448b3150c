"""The tasks of a reproduction: find what a version was made of, and compare what comes out again."""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from prefect import task

from data.stores.versions.restoring import restore
from evaluation.report.evaluate import evaluate as evaluate_predictions
from registry.errors import GateError
from registry.ledger.uses import count_evaluation
from registry.package.judging import evaluation_metrics, predict_test
from registry.package.package import load_package
from registry.package.packing import pack_fit
from registry.store.metric_names import metric_name
from registry.store.models import model_version
from registry.store.tracking import log_values, read_text, run_metrics
from tasks.domain import Domain
from tasks.making.train import Trained
from tasks.plan import Plan, Prepared
from tasks.policy import COMPUTE, IO

JUDGED = "test_"  # what the names of metrics of the test split begin with


@dataclass(frozen=True)
class Origin:
    """What a version was made of."""

    domain: str
    version: int
    run_id: str
    dataset_version: str
    snapshot: str


@dataclass(frozen=True)
class Again:
    """A version, the run that made it, and what was made again from the same data."""

    version: int
    run_id: str
    trained: Trained


@dataclass(frozen=True)
class Reproduction:
    """How a version compares with the one that was made again."""

    domain: str
    version: int
    dataset_version: str
    samples: dict[str, int]
    metrics: dict[str, tuple[float, float]]

    @property
    def largest_difference(self) -> float:
        """Largest absolute difference of a metric; infinite where only one of the two is a number."""
        return max(_difference(before, again) for before, again in self.metrics.values())


@task(name="find origin", task_run_name="find origin of {name} v{version}", **IO)
def find_origin(name: str, version: int) -> Origin:
    """Run, data set and domain file that a version was made from.

    Raises:
        GateError: the version was never judged, so that nothing could be compared.
    """
    found = model_version(name, version)
    if not any(metric.startswith(JUDGED) for metric in run_metrics(found.run_id)):
        raise GateError(f"{name!r} v{version} was never judged, so there is nothing to compare with; name another")
    return Origin(name, version, found.run_id, found.tags["dataset_version"], read_text(found.run_id, "domain.json"))


@task(name="restore", task_run_name="restore data {origin.dataset_version}", **IO)
def restore_data(domain: Domain, origin: Origin) -> Prepared:
    """Brings the data set back beside the present one."""
    return Prepared(restore(domain.root, origin.domain, origin.dataset_version), origin.dataset_version)


@task(name="package", task_run_name="package {plan.name} again", **COMPUTE)
def package_again(plan: Plan, trained: Trained) -> Path:
    """Builds a package that is only compared: the files of its samples may be gone from the source by now."""
    return pack_fit(trained.fit.folder, plan.dataset, plan.pretrained).folder


@task(name="compare", task_run_name="compare with {plan.name} v{again.version}", **COMPUTE)
def compare(plan: Plan, again: Again) -> Reproduction:
    """Judges the package that was made again as the first was judged, and sets the metrics side by side."""
    gate, version, trained = plan.domain.gate, again.version, again.trained
    protected = plan.domain.evaluation.protected
    count_evaluation(plan.settings, plan.name, plan.dataset, "reproduction", version)
    predictions = predict_test(load_package(trained.package), plan.dataset, plan.domain.evaluation)
    metrics = evaluation_metrics(evaluate_predictions(predictions, gate.metric, gate.resampling, protected))
    found = {metric_name(name): value for name, value in metrics.items()}
    tags = {"reproduces": str(version), "mlflow.runName": f"v{version} reproduced"}
    log_values(trained.run_id, found, {}, tags)
    before = run_metrics(again.run_id)
    shutil.rmtree(trained.fit.folder)
    shared = {name: (before[name], value) for name, value in found.items() if name in before}
    return Reproduction(plan.name, version, plan.prepared.version, plan.counts, shared)


def _difference(before: float, again: float) -> float:
    if math.isnan(before) or math.isnan(again):
        return 0.0 if math.isnan(before) and math.isnan(again) else math.inf
    return abs(before - again)

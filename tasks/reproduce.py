"""The tasks of a reproduction: find what a version was made of, and compare what comes out again."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from prefect import task

from data.config import DataConfig
from data.stores.dataset import Dataset
from data.stores.versioning import restore
from evaluation.inference.config import EvaluationConfig
from evaluation.report.evaluate import evaluate as evaluate_predictions
from registry.errors import GateError
from registry.gate.config import GateConfig
from registry.ledger.looks import count_evaluation
from registry.package.judging import evaluation_metrics, predict_test
from registry.package.package import load_package
from registry.store.models import model_version
from registry.store.tracking import log_values, read_text, run_metrics
from tasks.policy import COMPUTE, IO
from tasks.prepare import Prepared


@dataclass(frozen=True)
class Origin:
    """What a version was made of."""

    domain: str
    version: int
    run_id: str
    dataset_version: str
    snapshot: str


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
        """Largest absolute difference of a metric."""
        return max((abs(before - again) for before, again in self.metrics.values()), default=float("nan"))


@task(name="find origin", task_run_name="find origin of {name} v{version}", **IO)
def find_origin(name: str, version: int) -> Origin:
    """Run, data set and domain file that a version was made from."""
    found = model_version(name, version)
    return Origin(name, version, found.run_id, found.tags["dataset_version"], read_text(found.run_id, "domain.json"))


@task(name="restore", task_run_name="restore data {origin.dataset_version}", **IO)
def restore_data(root: Path, origin: Origin) -> Prepared:
    """Brings the data set back beside the present one."""
    return Prepared(restore(root, origin.domain, origin.dataset_version), origin.dataset_version)


@task(name="compare", task_run_name="compare with {origin.domain} v{origin.version}", **COMPUTE)
def compare(
    origin: Origin,
    package: Path,
    data: DataConfig,
    slices: EvaluationConfig,
    gate: GateConfig,
    prepared: Prepared,
    run_id: str,
) -> Reproduction:
    """Judges the package that was made again as the first was judged, and sets the metrics side by side."""
    dataset = Dataset(prepared.folder, data.task, data.classes)
    count_evaluation(origin.domain, dataset, "reproduction", origin.version)
    predictions = predict_test(load_package(package), dataset, slices)
    found = evaluation_metrics(evaluate_predictions(predictions, gate.metric, gate.resampling))
    tags = {"reproduces": str(origin.version), "mlflow.runName": f"v{origin.version} reproduced"}
    log_values(run_id, found, {}, tags)
    before = run_metrics(origin.run_id)
    if not before.keys() & found.keys():
        raise GateError(f"{origin.domain!r} v{origin.version} was never judged, so there is nothing to compare with")
    shutil.rmtree(package.parent)
    shared = {name: (before[name], value) for name, value in found.items() if name in before}
    samples = {str(split): int(count) for split, count in dataset.manifest["split"].value_counts().items()}
    return Reproduction(origin.domain, origin.version, prepared.version, samples, shared)

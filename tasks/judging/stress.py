"""The stress task: how a version takes disturbed images and attacks, and where it looks. Reported, never gated."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from prefect import task
from prefect.artifacts import create_table_artifact

from evaluation.predictions.storage import predictions_path, read_predictions
from evaluation.stress.robustness import Robustness
from monitoring.performance.expectation import watched_metric
from monitoring.performance.unlabelled.known import known_of
from monitoring.reference import Reference
from registry.cards.stressing import Stress, StressTest, stress_curves, stress_means
from registry.errors import GateError
from registry.store.models import DECISION_RUN, ModelVersion, model_version
from registry.store.tracking import log_curves, log_figures, log_values
from tasks.events import told_stress
from tasks.plan import Plan
from tasks.policy import COMPUTE
from tasks.progress import artifact_key, task_progress
from tasks.watch.validating import validate_shifted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stressed:
    """One version under stress: the mean of each measure, and the MLflow run that shows the rest."""

    domain: str
    version: int
    means: dict[str, float]
    run_id: str


@task(name="stress", task_run_name="stress {plan.name} v{version}", **COMPUTE)
def stress(plan: Plan, version: int) -> Stressed:
    """Tries a judged version on disturbed test images of the plan's data; curves and figures go to its decision's run.

    Raises:
        GateError: the version was never judged on these data.
    """
    log.info("%s v%d is put under stress; what is in production does not wait for it", plan.name, version)
    with told_stress(plan.name, version):
        found = model_version(plan.name, version)
        tried = _tried(plan, found)
        run_id, means = found.tags[DECISION_RUN], stress_means(tried)
        log_curves(run_id, stress_curves(tried))
        log_figures(run_id, tried.figures)
        log_values(run_id, means, {}, {"stress": "done", "stress_data": plan.prepared.version})
        _try_estimate(plan, found, tried)
        _show(found, tried.corruptions, tried.attacks)
        return Stressed(plan.name, version, means, run_id)


def _tried(plan: Plan, found: ModelVersion) -> Stress:
    domain, name, version = plan.domain, plan.name, found.version
    path = predictions_path(plan.settings.home, name, version, plan.prepared.version)
    if DECISION_RUN not in found.tags or not path.exists():
        raise GateError(
            f"{name!r} v{version} was never judged on {plan.prepared.version}; `regraft retrain {name}` does"
        )
    package, clean = found.load(), read_predictions(path)
    with task_progress(f"stress {name} v{version}") as report:
        return StressTest(domain.root, package, plan.dataset, clean, domain.stress, domain.gate, report).run()


def _try_estimate(plan: Plan, found: ModelVersion, tried: Stress) -> None:
    """What is estimated of traffic without labels is tried on the corrupted images, whose labels are known."""
    package, told = found.load(), plan.domain.monitoring.performance
    known = known_of(Reference(package.reference, package.transform.hash, package.classes, package.cross_fitted))
    metric = watched_metric(plan.domain.gate.metric, len(package.classes))
    validate_shifted(found, tried, known, metric, told.seed)


def _show(found: ModelVersion, *parts: Robustness | None) -> None:
    tables = [part.table for part in parts if part is not None]
    if not tables:
        return
    key = artifact_key("stress", found.domain)
    text = f"v{found.version} on disturbed test samples: corruptions by severity, attacks by budget in 1/255"
    create_table_artifact(list(_rows(pd.concat(tables))), key=key, description=text)


def _rows(table: pd.DataFrame) -> Iterable[dict[str, str]]:
    """One row a disturbance and strength, one column a measure."""
    for (kind, strength), part in table.groupby(["disturbance", "strength"], sort=False):
        found = {
            str(one.measure): f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
            for one in part.itertuples(index=False)
        }
        yield {"disturbance": str(kind), "strength": f"{strength:g}", **found}

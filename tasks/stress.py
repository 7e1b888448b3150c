"""The stress task: how a version takes disturbed images and attacks, and where it looks. Reported, never gated."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from prefect import task
from prefect.artifacts import create_table_artifact

from evaluation.predictions.storage import read_predictions
from evaluation.stress.robustness import Robustness
from registry.cards.stressing import StressTest, stress_curves, stress_means
from registry.package.package import load_package
from registry.store.models import model_version
from registry.store.tracking import log_curves, log_figures, log_values
from tasks.evaluate import STRESS, Judged
from tasks.plan import Plan
from tasks.policy import COMPUTE
from tasks.progress import artifact_key, task_progress


@dataclass(frozen=True)
class Stressed:
    """One version under stress: the mean of each measure, and the MLflow run that shows the rest."""

    domain: str
    version: int
    means: dict[str, float]
    run_id: str


@task(name="stress", task_run_name="stress {judged.domain} v{judged.version}", **COMPUTE)
def stress(plan: Plan, judged: Judged) -> Stressed:
    """Tries a judged version on disturbed test images; curves and figures go to the run of its evaluation."""
    package = load_package(model_version(judged.domain, judged.version).folder)
    clean, domain = read_predictions(judged.predictions), plan.domain
    with task_progress(f"stress {judged.domain} v{judged.version}") as report:
        found = StressTest(domain.root, package, plan.dataset, clean, domain.stress, domain.gate, report).run()
    means = stress_means(found)
    log_curves(judged.run_id, stress_curves(found))
    log_figures(judged.run_id, found.figures)
    log_values(judged.run_id, means, {}, {STRESS: "done"})
    _show(judged, found.corruptions, found.attacks)
    return Stressed(judged.domain, judged.version, means, judged.run_id)


def _show(judged: Judged, *parts: Robustness | None) -> None:
    tables = [part.table for part in parts if part is not None]
    if not tables:
        return
    key = artifact_key("stress", judged.domain)
    text = f"v{judged.version} on disturbed test samples: corruptions by severity, attacks by budget in 1/255"
    create_table_artifact(list(_rows(pd.concat(tables))), key=key, description=text)


def _rows(table: pd.DataFrame) -> Iterable[dict[str, str]]:
    """One row a disturbance and strength, one column a measure."""
    for (kind, strength), part in table.groupby(["disturbance", "strength"], sort=False):
        found = {
            str(one.measure): f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
            for one in part.itertuples(index=False)
        }
        yield {"disturbance": str(kind), "strength": f"{strength:g}", **found}

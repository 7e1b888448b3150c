"""The ranking tasks: find what can be ranked, score it, show it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from prefect import task
from prefect.artifacts import create_table_artifact

from data.config import DataConfig
from data.stores.dataset import Dataset
from evaluation.selection.ranking import (
    FOLDS,
    NEIGHBOURS,
    Score,
    best_first,
    draw_training,
    ranking_figure,
    ranking_table,
    score_stages,
)
from lightning_modules.config import TrainingConfig
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import load_backbone
from lightning_modules.hub.candidates import find_backbones, image_sizes
from lightning_modules.insight.pooled_features import PooledFeatures
from lightning_modules.insight.source_head import load_source_head
from lightning_modules.insight.transferability import grouped_folds
from registry.cards.lineage import lineage
from registry.store.tracking import log_dataset, log_figures, log_table, log_values, start_run
from settings.machine import load_settings
from tasks.policy import COMPUTE, IO
from tasks.prepare import Prepared
from tasks.progress import artifact_key, task_progress

LINEAGE = ("dataset_version", "code_commit", "environment", "python")
TABLE = "ranking.json"


@dataclass(frozen=True)
class Plan:
    """What is ranked, on how many training samples at most, and what is left out and why."""

    backbones: tuple[str, ...]
    sizes: tuple[int, ...]
    samples: int
    seed: int
    left_out: dict[str, str]


@dataclass(frozen=True)
class Scored:
    """The scores of one backbone at one size, or the reason why there are none."""

    candidate: str
    scores: tuple[Score, ...]
    left_out: str | None


@dataclass(frozen=True)
class Ranking:
    """Scores, best first, from `samples` of `available` training samples; `baseline`: share of the commonest class."""

    domain: str
    run_id: str
    samples: int
    available: int
    baseline: float
    scores: tuple[Score, ...]
    left_out: dict[str, str]


@task(name="plan ranking", task_run_name="plan the ranking of {name}", **IO)
def plan_ranking(
    root: Path,
    name: str,
    training: TrainingConfig,
    prepared: Prepared,
    backbones: Sequence[str],
    sizes: Sequence[int],
    samples: int,
) -> Plan:
    """Finds the backbones whose weights are at hand, and checks the sizes."""
    stored = Dataset(prepared.folder, "", ()).spec.size
    there, absent = find_backbones(root, backbones)
    return Plan(there, image_sizes(stored, sizes), samples, training.seed, absent)


@task(name="open run", task_run_name="open the ranking run of {name}", **IO)
def open_ranking_run(root: Path, name: str, training: TrainingConfig, prepared: Prepared, plan: Plan) -> str:
    """Starts the MLflow run with its lineage, parameters and data set."""
    dataset, first = Dataset(prepared.folder, "", ()), plan.backbones[0]
    transform = load_backbone(root, first).transform(dataset.spec)
    tags = lineage(root, prepared.version, transform, training.model_copy(update={"backbone": first}))
    run_id = start_run(name, "rank", {tag: tags[tag] for tag in LINEAGE})
    params = {"backbones": ", ".join(plan.backbones), "sizes": ", ".join(map(str, plan.sizes)), "seed": plan.seed}
    log_values(run_id, {}, {**params, "folds": FOLDS, "neighbours": NEIGHBOURS, "samples": plan.samples}, {})
    log_dataset(run_id, name, prepared.version, prepared.folder, {"train": len(dataset.rows("train"))})
    return run_id


@task(name="score", task_run_name="score {backbone} at {size} px for {name}", **COMPUTE)
def score(root: Path, name: str, data: DataConfig, prepared: Prepared, plan: Plan, backbone: str, size: int) -> Scored:
    """Scores all stages of one backbone at one size by cross-validation within the training split.

    A backbone that does not take the size is passed over with its reason.
    """
    settings, card, candidate = load_settings(), load_backbone(root, backbone), f"{backbone} at {size} px"
    dataset = Dataset(prepared.folder, data.task, data.classes)
    rows = draw_training(dataset, plan.samples, seed=plan.seed)
    labels = dataset.labels(rows)
    parts = grouped_folds(labels, rows["group"].to_numpy(str), folds=FOLDS, seed=plan.seed)
    try:
        with task_progress(f"embed {name} · {candidate}") as progress:
            pooled = PooledFeatures(root, settings.home, dataset, card, size, settings.cores)
            features = pooled.read(rows, progress)
    except BackboneError as error:
        return Scored(candidate, (), str(error))
    with task_progress(f"score {name} · {candidate}") as progress:
        head = load_source_head(root, card)
        return Scored(candidate, tuple(score_stages(backbone, size, features, labels, parts, head, progress)), None)


@task(name="report ranking", task_run_name="report the ranking of {name}", **IO)
def report_ranking(
    name: str, data: DataConfig, prepared: Prepared, plan: Plan, scored: Sequence[Scored], run_id: str
) -> Ranking:
    """Puts table and figure into the run, and the table into the Prefect UI.

    Raises:
        BackboneError: no backbone takes any of the sizes.
    """
    left_out = {**plan.left_out, **{one.candidate: one.left_out for one in scored if one.left_out}}
    scores = best_first([score for one in scored for score in one.scores])
    if not scores:
        raise BackboneError(f"no backbone can be ranked: {'; '.join(left_out.values())}")
    dataset = Dataset(prepared.folder, data.task, data.classes)
    labels, available = dataset.labels(draw_training(dataset, plan.samples, seed=plan.seed)), dataset.rows("train")
    baseline = float(np.bincount(labels).max() / len(labels))
    ranking = Ranking(name, run_id, len(labels), len(available), baseline, tuple(scores), left_out)
    _show(ranking)
    return ranking


def _show(ranking: Ranking) -> None:
    table, run_id = ranking_table(ranking.scores), ranking.run_id
    log_table(run_id, TABLE, table.to_json(orient="split", index=False))
    log_figures(run_id, {"ranking": ranking_figure(ranking.scores, ranking.baseline)})
    log_values(run_id, {"best_knn": ranking.scores[0].knn.value}, {}, {})
    text = f"{ranking.samples} of {ranking.available} training samples; commonest class {ranking.baseline:.3f}"
    rows = json.loads(table.round(4).to_json(orient="records"))
    create_table_artifact(rows, key=artifact_key("ranking", ranking.domain), description=text)

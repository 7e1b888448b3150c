"""The ranking tasks: find what can be ranked, score it, show it."""

import json
from dataclasses import dataclass

import numpy as np
from prefect import task
from prefect.artifacts import create_table_artifact

from data.errors import SourceError
from data.specs.image import ImageSpec
from evaluation.selection.ranking import (
    FOLDS,
    NEIGHBOURS,
    Embedder,
    Score,
    best_first,
    draw_training,
    ranking_figure,
    ranking_table,
    score_stages,
)
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import Pretrained
from lightning_modules.hub.candidates import find_backbones, image_sizes
from lightning_modules.insight.pooled_features import PooledFeatures
from lightning_modules.insight.source_head import load_source_head
from lightning_modules.insight.transferability import grouped_folds
from registry.store.tracking import log_dataset, log_figures, log_table, log_values, start_run
from settings.errors import ConfigError
from tasks.plan import Plan
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key, task_progress

LINEAGE = ("dataset_version", "regraft_commit", "project_commit", "environment", "python")
TABLE = "ranking.json"


@dataclass(frozen=True)
class Wish:
    """What a person asks to be ranked: backbones, image sizes (none: all that fit) and training samples at most."""

    backbones: tuple[str, ...]
    sizes: tuple[int, ...]
    samples: int


@dataclass(frozen=True)
class Field:
    """What is ranked, on how many training samples at most, and what is left out and why."""

    backbones: tuple[Pretrained, ...]
    sizes: tuple[int, ...]
    samples: int
    left_out: dict[str, str]


@dataclass(frozen=True)
class Entrant:
    """One backbone at one image size."""

    pretrained: Pretrained
    size: int
    samples: int

    @property
    def name(self) -> str:
        """What it is called in a ranking."""
        return f"{self.pretrained.name} at {self.size} px"


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


@task(name="plan ranking", task_run_name="plan the ranking of {plan.name}", **IO)
def plan_ranking(plan: Plan, wish: Wish) -> Field:
    """Finds the backbones whose weights are at hand, and checks the sizes.

    Raises:
        ConfigError: the samples are no images, or a size does not fit.
    """
    spec = plan.dataset.spec
    if not isinstance(spec, ImageSpec):
        raise ConfigError(f"samples of {plan.name!r} are of kind {spec.kind!r}; `rank` chooses among image sizes")
    there, absent = find_backbones(plan.domain.root, wish.backbones)
    known = max(one.card.input.length for one in there)
    return Field(there, image_sizes(spec.size, known, wish.sizes), wish.samples, absent)


@task(name="open run", task_run_name="open the ranking run of {plan.name}", **IO)
def open_ranking_run(plan: Plan, field: Field) -> str:
    """Starts the MLflow run with its lineage, parameters and data set."""
    run_id = start_run(plan.name, "rank", {tag: plan.lineage[tag] for tag in LINEAGE})
    named = {
        "backbones": ", ".join(one.name for one in field.backbones),
        "sizes": ", ".join(map(str, field.sizes)),
        "seed": plan.domain.training.seed,
    }
    log_values(run_id, {}, {**named, "folds": FOLDS, "neighbours": NEIGHBOURS, "samples": field.samples}, {})
    log_dataset(run_id, plan.name, plan.prepared.version, plan.prepared.folder, {"train": plan.counts["train"]})
    return run_id


@task(name="score", task_run_name="score {entrant.name} for {plan.name}", **COMPUTE)
def score(plan: Plan, entrant: Entrant) -> Scored:
    """Scores all stages of one backbone at one size by cross-validation within the training split.

    A backbone that does not take the size is passed over with its reason, as is a size for which files are missing.
    """
    dataset, seed, settings = plan.dataset, plan.domain.training.seed, plan.settings
    rows = draw_training(dataset, entrant.samples, seed=seed)
    labels = dataset.labels(rows)
    parts = grouped_folds(labels, rows["group"].to_numpy(str), folds=FOLDS, seed=seed)
    decode = plan.raw.again
    pooled = PooledFeatures(settings.home, dataset, entrant.pretrained, entrant.size, settings.cores, decode)
    try:
        with task_progress(f"embed {plan.name} · {entrant.name}") as progress:
            features = pooled.read(rows, progress)
    except (BackboneError, SourceError) as error:  # a larger size needs the files, of which one may be gone
        return Scored(entrant.name, (), str(error))
    with task_progress(f"score {plan.name} · {entrant.name}") as progress:
        embedder = Embedder(entrant.pretrained.name, entrant.size, load_source_head(entrant.pretrained))
        return Scored(entrant.name, tuple(score_stages(embedder, features, labels, parts, progress)), None)


@dataclass(frozen=True)
class Outcome:
    """Everything that was scored, and the MLflow run that takes it."""

    field: Field
    scored: tuple[Scored, ...]
    run_id: str


@task(name="report ranking", task_run_name="report the ranking of {plan.name}", **IO)
def report_ranking(plan: Plan, outcome: Outcome) -> Ranking:
    """Puts table and figure into the run, and the table into the Prefect UI.

    Raises:
        BackboneError: no backbone takes any of the sizes.
    """
    refused = {one.candidate: one.left_out for one in outcome.scored if one.left_out}
    left_out = {**outcome.field.left_out, **refused}
    scores = best_first([score for one in outcome.scored for score in one.scores])
    if not scores:
        raise BackboneError(f"no backbone can be ranked: {'; '.join(left_out.values())}")
    dataset, seed = plan.dataset, plan.domain.training.seed
    labels = dataset.labels(draw_training(dataset, outcome.field.samples, seed=seed))
    baseline = float(np.bincount(labels).max() / len(labels))
    available = plan.counts["train"]
    ranking = Ranking(plan.name, outcome.run_id, len(labels), available, baseline, tuple(scores), left_out)
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

"""The sweep tasks: fit one recipe with one seed, judge it on the validation split, and lay all side by side."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from prefect import task
from prefect.artifacts import create_table_artifact

from data.config import DataConfig
from data.stores.dataset import Dataset
from evaluation.predictions.metrics import metric_named, score
from evaluation.predictions.predictions import Predictions
from evaluation.selection.sweep import SCRATCH, RecipeScore, TrialScore, summarise, sweep_figure
from lightning_modules.config import TrainingConfig, fit_key, with_recipe
from lightning_modules.fitting.launch import FitResult
from lightning_modules.fitting.launch import train as run_fit
from lightning_modules.hub.backbones import load_backbone
from lightning_modules.insight.forgetting import measure_adaptation
from registry.cards.lineage import lineage
from registry.store.tracking import log_figures, log_table, log_values, settled, start_run
from settings.machine import load_settings
from tasks.policy import COMPUTE, IO
from tasks.prepare import Prepared
from tasks.progress import artifact_key, task_progress
from tasks.train import fit_config

TABLE = "sweep.json"


@dataclass(frozen=True)
class Trial:
    """One fit of a sweep."""

    recipe: str
    training: TrainingConfig


@dataclass(frozen=True)
class Sweep:
    """Recipes, best first, by `metric` on the validation split."""

    domain: str
    run_id: str
    metric: str
    recipes: tuple[RecipeScore, ...]


@task(name="plan sweep", task_run_name="plan the sweep of {name}", **IO)
def plan_trials(
    name: str, training: TrainingConfig, recipes: Sequence[str], seeds: int, scratch: bool
) -> tuple[Trial, ...]:
    """Every recipe with every seed; the domain's own options where it is the domain's own recipe.

    Raises:
        ConfigError: a recipe of that name does not exist.
    """
    chosen = {recipe: with_recipe(training, recipe) for recipe in recipes}
    if scratch:
        chosen[SCRATCH] = with_recipe(training, "full").model_copy(update={"pretrained": False})
    return tuple(
        Trial(recipe, config.model_copy(update={"seed": training.seed + seed}))
        for seed in range(seeds)
        for recipe, config in chosen.items()
    )


@task(name="open run", task_run_name="open the sweep run of {name}", **IO)
def open_sweep_run(name: str, trials: Sequence[Trial]) -> str:
    """Starts the run that the fits are nested in."""
    run_id = start_run(name, "sweep", {})
    recipes = ", ".join(dict.fromkeys(trial.recipe for trial in trials))
    log_values(run_id, {}, {"recipes": recipes, "fits": len(trials)}, {})
    return run_id


@task(name="fit trial", task_run_name="fit {name} · {trial.recipe} · seed {trial.training.seed}", **COMPUTE)
def fit_trial(
    root: Path, name: str, data: DataConfig, prepared: Prepared, trial: Trial, metric: str, parent: str
) -> TrialScore:
    """Trains, or takes the result of an earlier sweep, and judges it on the validation split."""
    settings, training = load_settings(), trial.training
    dataset, card = Dataset(prepared.folder, data.task, data.classes), load_backbone(root, training.backbone)
    transform = card.transform(dataset.spec)
    tags = lineage(root, prepared.version, transform, training)
    folder = (
        settings.home
        / "sweeps"
        / name
        / fit_key(prepared.version, card.key(root, dataset.spec), training, data.classes)
    )
    title = f"{trial.recipe} · seed {training.seed}"
    with settled(start_run(name, title, tags, parent)) as run_id:
        config = fit_config(root, name, data, training, prepared, folder, run_id)
        with task_progress(f"{name} · {title}") as progress:
            fitted = run_fit(config, progress)
        moved = measure_adaptation(root, card, transform, folder / "weights.safetensors")
        metrics = score(_validation(dataset, fitted))
        forgot = {"source_cka": moved.cka} | ({} if moved.agreement is None else {"source_agreement": moved.agreement})
        shown = {f"val_{key}": value for key, value in metrics.items()}
        log_values(run_id, {**shown, **forgot, "seconds": fitted.seconds}, training.recipe.model_dump(), {})
    return TrialScore(trial.recipe, training.seed, metrics[metric], fitted.seconds, moved.cka, moved.agreement)


@task(name="compare recipes", task_run_name="compare the recipes of {name}", **IO)
def compare_recipes(name: str, run_id: str, metric: str, scores: Sequence[TrialScore]) -> Sweep:
    """Writes table and figure into the sweep's run, and the table into the Prefect UI."""
    rows = summarise(scores, greater_is_better=metric_named(metric).greater_is_better)
    table = {"columns": list(asdict(rows[0])), "data": [list(asdict(row).values()) for row in rows]}
    log_table(run_id, TABLE, json.dumps(table))
    log_figures(run_id, {"sweep": sweep_figure(rows, metric)})
    log_values(run_id, {f"best_val_{metric}": rows[0].mean}, {"best": rows[0].recipe}, {})
    text = f"{metric} on the validation split: mean and 95% interval over seeds"
    create_table_artifact([asdict(row) for row in rows], key=artifact_key("sweep", name), description=text)
    return Sweep(name, run_id, metric, tuple(rows))


def _validation(dataset: Dataset, fitted: FitResult) -> Predictions:
    rows = dataset.rows("train", "val")
    held = (rows["split"] == "val").to_numpy()
    with np.load(fitted.folder / "outputs.npz", allow_pickle=False) as outputs:
        probabilities = outputs["probabilities"][held].astype(np.float64)
    chosen = rows[held].reset_index(drop=True)
    return Predictions(
        hashes=list(chosen["hash"]),
        truth=dataset.labels(chosen),
        probabilities=probabilities,
        weights=chosen["weight"].to_numpy(np.float64),
        groups=list(chosen["group"]),
        slices=dataset.slices(chosen),
        classes=dataset.classes,
    )

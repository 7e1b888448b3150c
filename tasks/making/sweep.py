"""The sweep tasks: fit one recipe with one seed, judge it on the validation split, and lay all side by side."""

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import monotonic

import numpy as np
from prefect import task
from prefect.artifacts import create_table_artifact

from data.stores.dataset import Dataset
from evaluation.predictions.metrics import metric_named, score
from evaluation.predictions.predictions import Predictions
from evaluation.selection.sweep import SCRATCH, RecipeScore, TrialScore, summarise, sweep_figure
from lightning_modules.config import TrainingConfig, with_recipe, without_refit
from lightning_modules.fitting.launch import FitResult, read_outputs
from lightning_modules.fitting.launch import train as run_fit
from registry.store.curves import EpochCurves
from registry.store.tracking import log_figures, log_table, log_values, settled, start_run
from tasks.domain import Domain
from tasks.making.train import fit_config
from tasks.plan import Plan
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key, task_progress

log = logging.getLogger(__name__)
TABLE = "sweep.json"
HOUR = 3600
UNITS = (HOUR, "h"), (60, "min"), (1, "s")


@dataclass(frozen=True)
class Wish:
    """What a person asks to be compared: recipes, seeds each, and whether to train from scratch beside them."""

    recipes: tuple[str, ...]
    seeds: int
    scratch: bool


@dataclass(frozen=True)
class Trial:
    """One fit of a sweep."""

    recipe: str
    training: TrainingConfig


@dataclass(frozen=True)
class Place:
    """Which fit of how many, and about how many seconds it and all later ones take (None: nothing was fitted yet)."""

    number: int
    total: int
    left: float | None

    def __str__(self) -> str:
        """For people."""
        counted = f"fit {self.number} of {self.total}"
        if self.left is None:
            return counted
        size, unit = next((size, unit) for size, unit in UNITS if self.left >= 1.5 * size or size == 1)
        return f"{counted}, about {self.left / size:.{int(size == HOUR)}f} {unit} left"


@dataclass(frozen=True)
class Attempt:
    """A trial within the run of its sweep."""

    trial: Trial
    parent: str
    place: Place

    @property
    def name(self) -> str:
        """What it is called in MLflow and in the UI."""
        return f"{self.trial.recipe} · seed {self.trial.training.seed}"

    @property
    def title(self) -> str:
        """The same with how far the sweep is."""
        return f"{self.name} · {self.place}"


@dataclass(frozen=True)
class Outcome:
    """The scores of all trials, and the run of their sweep."""

    run_id: str
    scores: tuple[TrialScore, ...]


@dataclass(frozen=True)
class Sweep:
    """Recipes, best first, by `metric` on the validation split."""

    domain: str
    run_id: str
    metric: str
    recipes: tuple[RecipeScore, ...]


@task(name="plan sweep", task_run_name="plan the sweep of {domain.name}", **IO)
def plan_trials(domain: Domain, wish: Wish) -> tuple[Trial, ...]:
    """Every recipe with every seed; the domain's own options where it is the domain's own recipe. None is refitted.

    Raises:
        ConfigError: a recipe of that name does not exist.
    """
    training = domain.training
    chosen = {recipe: without_refit(with_recipe(training, recipe)) for recipe in wish.recipes}
    if wish.scratch:
        chosen[SCRATCH] = with_recipe(training, "full").model_copy(update={"pretrained": False})
    return tuple(
        Trial(recipe, config.model_copy(update={"seed": training.seed + seed}))
        for seed in range(wish.seeds)
        for recipe, config in chosen.items()
    )


@task(name="open run", task_run_name="open the sweep run of {plan.name}", **IO)
def open_sweep_run(plan: Plan, trials: Sequence[Trial]) -> str:
    """Starts the run that the fits are nested in."""
    run_id = start_run(plan.name, "sweep", {})
    recipes = ", ".join(dict.fromkeys(trial.recipe for trial in trials))
    log_values(run_id, {}, {"recipes": recipes, "fits": len(trials)}, {})
    return run_id


@task(name="fit trial", task_run_name="fit {plan.name} · {attempt.title}", **COMPUTE)
def fit_trial(plan: Plan, attempt: Attempt) -> TrialScore:
    """Trains, or takes the result of an earlier sweep, and judges it on the validation split."""
    trial = attempt.trial
    plan = plan.trained_with(trial.training)
    folder = plan.settings.home / "sweeps" / plan.name / plan.fit_key
    with settled(start_run(plan.name, attempt.name, plan.lineage, attempt.parent)) as run_id:
        with task_progress(f"{plan.name} · {attempt.title}") as progress:
            fitted = run_fit(fit_config(plan, folder, run_id), progress, EpochCurves(run_id).log)
        metrics = score(_validation(plan.dataset, fitted))
        shown = {f"val_{key}": value for key, value in metrics.items()} | fitted.forgetting
        log_values(run_id, {**shown, "seconds": fitted.seconds}, trial.training.recipe.model_dump(), {})
    kept = fitted.forgetting.get("source_cka", math.nan), fitted.forgetting.get("source_agreement")
    return TrialScore(trial.recipe, trial.training.seed, metrics[plan.domain.gate.metric], fitted.seconds, *kept)


def fit_all(plan: Plan, trials: Sequence[Trial], parent: str) -> Outcome:
    """Fits one trial after another and says before each how far the sweep is; it is the flow that goes through them."""
    scores: list[TrialScore] = []
    took: list[tuple[str, float]] = []
    for number, trial in enumerate(trials, 1):
        left = time_left(took, [one.recipe for one in trials[number - 1 :]])
        attempt = Attempt(trial, parent, Place(number, len(trials), left))
        log.info("%s", attempt.title)
        begun = monotonic()
        scores.append(fit_trial(plan, attempt))
        took.append((trial.recipe, monotonic() - begun))
    return Outcome(parent, tuple(scores))


def time_left(took: Sequence[tuple[str, float]], recipes: Sequence[str]) -> float | None:
    """Seconds that fits of these recipes may take, from what fits took: those of the same recipe, else of all."""
    if not took:
        return None
    return sum(
        float(np.mean([seconds for name, seconds in took if name == recipe] or [seconds for _, seconds in took]))
        for recipe in recipes
    )


@task(name="compare recipes", task_run_name="compare the recipes of {plan.name}", **IO)
def compare_recipes(plan: Plan, outcome: Outcome) -> Sweep:
    """Writes table and figure into the sweep's run, and the table into the Prefect UI."""
    name, run_id, metric = plan.name, outcome.run_id, plan.domain.gate.metric
    rows = summarise(outcome.scores, greater_is_better=metric_named(metric).greater_is_better)
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
    probabilities = read_outputs(fitted.folder).answers[dataset.headline][held].astype(np.float64)
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

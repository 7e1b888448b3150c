"""Fit: one training run in a process of its own; `python -m lightning_modules.fitting.fit CONFIG`.

It goes on from where an earlier one in its folder was stopped, and ends with weights.safetensors, outputs.npz
(probabilities and embeddings of the training and validation splits) and result.json, written last.
"""

import json
import logging
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from pytorch_lightning.utilities.exceptions import SIGTERMException

from data.stores.atomic import write_text
from lightning_modules.config import FitConfig, load_fit_config
from lightning_modules.errors import RecipeError
from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.outputs import write_outputs, write_weights
from lightning_modules.fitting.phases import PhaseResult, fit_phase, phase_weights
from lightning_modules.fitting.progress import write_history
from lightning_modules.fitting.refit import refit
from lightning_modules.fitting.torchrun import first_process, run_processes, under_torchrun
from lightning_modules.fitting.trainer import on_gpu
from lightning_modules.inputs.activations import PLAIN
from lightning_modules.insight.forgetting import measure_adaptation
from lightning_modules.objectives.objective import Labelled, Objective, TaskHead
from lightning_modules.recipes.phase import Phase
from settings.entry import stage_main


def fit(config: FitConfig) -> Path:
    """Trains as configured and returns the path of result.json; a fit that has ended already is not run again.

    Raises:
        BackboneError: the backbone's weights are missing or altered.
        RecipeError: recipe, backbone and data do not fit together.
        TrainingError: training failed.
        StorageError: shards are missing, or the disk refused a write.
    """
    result = config.folder / "result.json"
    # The fit of a flow that was killed may be running on: its result is waited for.
    with FileLock(config.folder / "fit.lock"):
        if result.exists():
            return result
        context = FitContext(config)
        context.report(0, 0)  # a killed fit may have left a count
        with context.prefix().in_use(PLAIN):
            context.prefix().fill(context.dataset.rows("train", "val"), progress=context.report)
            run_processes(config) if config.trainer.processes > 1 else run(context)
    return result


def run(context: FitContext) -> None:
    """Trains, refits where the recipe does, and writes what came out."""
    config, started = context.config, time.monotonic()
    torch.set_num_threads(max(1, config.threads // config.trainer.devices))
    if on_gpu(config.trainer):
        torch.set_float32_matmul_precision("high")
    outcomes, kept = select(context)
    if first_process():
        held_out = refit(context, outcomes[kept])
        write_outputs(context, outcomes[kept].boundary, held_out)
        write_weights(config.folder / "weights.safetensors", context.network)
        result = _result(outcomes, kept, time.monotonic() - started)
        result["refitted"] = 0 if held_out is None else len(context.dataset.rows("train", "val"))
        moved = measure_adaptation(config.pretrained, context.dataset.spec, context.network)
        result["forgetting"] = {} if moved is None else moved.figures()
        write_text(config.folder / "result.json", json.dumps(result))


def select(context: FitContext) -> tuple[list[PhaseResult], int]:
    """Sets the heads, trains phase after phase and keeps the one that was best on the validation split.

    Returns the outcome of each phase and the number of the one whose weights the network has.
    """
    phases, loss = context.config.training.recipe.phases(context.stages), _prepare_heads(context)
    outcomes = _train(context, phases) if phases else [_no_training(context.config, loss)]
    kept = min(range(len(outcomes)), key=lambda number: outcomes[number].val_loss)
    if phases:
        context.network.load_state_dict(phase_weights(context.config, kept))
    return outcomes, kept


def _train(context: FitContext, phases: Sequence[Phase]) -> list[PhaseResult]:
    outcomes: list[PhaseResult] = []
    for number in range(len(phases)):
        outcomes.append(fit_phase(context, phases, number, sum(done.epochs for done in outcomes)))
    return outcomes


def _prepare_heads(context: FitContext) -> float:
    """Sets the heads from cached features; returns their loss on the validation split.

    Raises:
        RecipeError: the splits hold too little to learn from.
    """
    train, held = context.labelled("train"), context.labelled("val")
    total = 0.0
    for name, objective in context.objectives.items():
        if not len(held[name].targets):
            raise RecipeError("the validation split is empty; raise data.split.validation or add samples")
        objective.check(train[name].targets)
        head = context.network.head(name)
        if context.config.training.pretrained:  # cached features say nothing of a backbone from scratch
            objective.prepare_head(head, train[name], held[name])
        total += _validation_loss(objective, head, held[name])
    return total


@torch.no_grad()
def _validation_loss(objective: Objective, head: TaskHead, held: Labelled) -> float:
    losses = objective.losses(head(held.features), held.targets)
    return float((losses * held.weights).sum() / held.weights.sum())


def _no_training(config: FitConfig, loss: float) -> PhaseResult:
    """A recipe without gradient ends with its head."""
    write_history(config.folder / "progress.json", 1, [{"epoch": 1, "phase": 0, "val_loss": loss}])
    return PhaseResult(loss, 1, None, 0.0, 1)


def _result(outcomes: Sequence[PhaseResult], kept: int, seconds: float) -> dict[str, Any]:
    epochs = sum(outcome.epochs for outcome in outcomes)
    best = outcomes[kept]
    return {"epochs": epochs, "best_val_loss": best.val_loss, "best_phase": kept, "seconds": round(seconds, 2)}


def main(path: str) -> None:
    """Fits what the configuration file says; under torchrun this is one of its processes."""
    warnings.filterwarnings("ignore", module="pytorch_lightning|torch")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    config = load_fit_config(Path(path))
    try:
        run(FitContext(config)) if under_torchrun() else fit(config)
    except SIGTERMException:
        sys.exit("error: stopped by SIGTERM; what was reached is kept: run it again to go on from there")


if __name__ == "__main__":
    stage_main(main)

"""One phase: trained from the weights before it, or taken up where it was stopped, or passed over if it has ended."""

import copy
import json
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from safetensors.torch import load_file
from torch import Tensor

from data.stores.atomic import write_text
from lightning_modules.config import FitConfig
from lightning_modules.fitting.callbacks import ProgressFile
from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.memory import memory_errors
from lightning_modules.fitting.outputs import write_weights
from lightning_modules.fitting.rate_finder import find_rate
from lightning_modules.fitting.torchrun import first_process, under_torchrun
from lightning_modules.fitting.trainer import build_trainer, check_devices, device_options
from lightning_modules.inputs.datamodule import PhaseData
from lightning_modules.learning.learner import Learner
from lightning_modules.learning.optimizer import Optimization
from lightning_modules.network.lora import adapters
from lightning_modules.network.network import Network
from lightning_modules.recipes.base import BackboneRecipe, HeadRecipe
from lightning_modules.recipes.efficient import LoraRecipe
from lightning_modules.recipes.phase import Phase
from settings.machine import TrainerSettings


@dataclass(frozen=True)
class PhaseResult:
    """How a phase ended; `best_epoch` counts from 1 and is 0 where the weights are a mean of several epochs."""

    val_loss: float
    epochs: int
    boundary: int | None
    learning_rate: float
    best_epoch: int = 0  # files of earlier releases do not tell


def fit_phase(context: FitContext, phases: Sequence[Phase], number: int, before: int) -> PhaseResult:
    """Trains phase `number` after `before` epochs in earlier ones; leaves its best weights in the network.

    Raises:
        RecipeError: the phase does not fit the backbone.
        TrainingError: the loss is not finite, or memory ran out.
    """
    folder, phase = context.config.folder / f"phase-{number}", phases[number]
    if not (folder / "result.json").exists():
        after = sum(later.epochs for later in phases[number + 1 :])
        progress = ProgressFile(context.config.folder / "progress.json", number, before, after)
        _train(context, phase, folder, progress)
    context.network.load_state_dict(phase_weights(context.config, number))
    return PhaseResult(**json.loads((folder / "result.json").read_text(encoding="utf-8")))


def phase_weights(config: FitConfig, number: int) -> dict[str, Tensor]:
    """The network's best weights of a phase that has ended."""
    return load_file(config.folder / f"phase-{number}" / "weights.safetensors")


def _train(context: FitContext, phase: Phase, folder: Path, progress: ProgressFile) -> None:
    config, recipe = context.config, cast(HeadRecipe, context.config.training.recipe)
    with context.caching(phase) as room, _adapted(context, phase):
        data, boundary = context.data(phase, cached=_cached(folder, room=room))
        rate = _rate(context, phase, boundary, data, folder)
        # A copy is trained: what the trainer wraps, shards or leaves half-way never reaches the network itself.
        module = phase_module(context, phase, boundary, rate, copy.deepcopy(context.network))
        check_devices(config, recipe, batch_statistics=module.batch_statistics)
        trainer = build_trainer(config, recipe, phase, folder, progress)
        last = folder / "last.ckpt"
        with memory_errors(module, data, trainer.strategy.root_device):
            trainer.fit(module, data, ckpt_path=last if last.exists() else None)
        best = _take_best(phase_module(context, phase, boundary, rate, context.network), trainer, data, config.trainer)
    trainer.strategy.barrier()  # every process has read the checkpoints that the first one now removes
    if trainer.is_global_zero:
        _write(context, folder, PhaseResult(best.val_loss, trainer.current_epoch, boundary, rate, best.epoch))
    trainer.strategy.barrier()


def _cached(folder: Path, *, room: bool) -> bool:
    """Whether the phase reads cached activations; what has begun goes on as it began, so that it rounds as before."""
    path = folder / "cached.json"
    # Of several processes another one may have read the file already.
    settled = path.exists() and ((folder / "last.ckpt").exists() or under_torchrun())
    if not settled and first_process():
        write_text(path, json.dumps(room))
    return bool(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else room


def _adapted(context: FitContext, phase: Phase) -> AbstractContextManager[None]:
    recipe = context.config.training.recipe
    if phase.learns != "adapters":
        return nullcontext()
    torch.manual_seed(context.config.training.seed)
    assert isinstance(recipe, LoraRecipe)  # noqa: S101 - no other recipe has such a phase
    return adapters(context.network, recipe.rank, recipe.alpha)


def _rate(context: FitContext, phase: Phase, boundary: int, data: PhaseData, folder: Path) -> float:
    if phase.learning_rate != "find":
        return phase.learning_rate

    def duplicate() -> Learner:
        """A module over a copy, which the test may spoil."""
        return phase_module(context, phase, boundary, 1.0, copy.deepcopy(context.network), check_finite=False)

    return find_rate(context.config, folder / "rate.json", duplicate, data)


def phase_module(
    context: FitContext, phase: Phase, boundary: int, rate: float, network: Network, *, check_finite: bool = True
) -> Learner:
    """What learns in a phase, from inputs at the boundary."""
    recipe = cast(HeadRecipe, context.config.training.recipe)
    deep = recipe if isinstance(recipe, BackboneRecipe) and not phase.head_alone else None
    decay = deep.layer_decay if deep else 1.0
    module = Learner(
        network,
        phase,
        boundary=boundary,
        criteria=context.criteria(recipe),
        mixing=context.mixing(recipe, phase),
        optimization=Optimization(rate, recipe.weight_decay, decay, recipe.schedule, recipe.warmup),
        penalties=context.penalties(recipe, phase),
        follow_batches=deep is not None and deep.batch_norm == "train",
        seed=context.config.training.seed,
        check_finite=check_finite,
    )
    if context.config.trainer.compile:
        module.run_stages = torch.compile(module.run_stages)
    return module


class _Best(NamedTuple):
    val_loss: float
    epoch: int


def _take_best(module: Learner, trainer: pl.Trainer, data: PhaseData, trainer_settings: TrainerSettings) -> _Best:
    """Loads the best checkpoint, or the mean of the best few where its validation loss is lower."""
    checkpoint = cast(ModelCheckpoint, trainer.checkpoint_callback)
    best, score = checkpoint.best_model_path, float(checkpoint.best_model_score)  # type: ignore[arg-type]
    single, epoch = _state(best), int(_checkpoint(best)["epoch"]) + 1
    states = [_state(path) for path in checkpoint.best_k_models]
    if len(states) > 1:
        module.load_state_dict({name: _mean([state[name] for state in states]) for name in single})
        judge = pl.Trainer(logger=False, enable_checkpointing=False, **device_options(trainer_settings))
        mixed = judge.validate(module, data, verbose=False)[0]["val_loss"]
        if mixed < score:
            return _Best(mixed, 0)
    module.load_state_dict(single)
    return _Best(score, epoch)


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack([value.double() for value in values]).mean(0).to(values[0].dtype)


def _state(path: str) -> dict[str, Tensor]:
    loaded: dict[str, Tensor] = _checkpoint(path)["state_dict"]
    return loaded


def _checkpoint(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return loaded


def _write(context: FitContext, folder: Path, result: PhaseResult) -> None:
    """Keeps weights and result, in this order; the checkpoints have done their duty."""
    write_weights(folder / "weights.safetensors", context.network)
    write_text(folder / "result.json", json.dumps(asdict(result)))
    for leftover in folder.glob("*.ckpt*"):  # also what a killed process has half written
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

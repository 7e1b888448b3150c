"""One phase: trained from the weights before it, or taken up where it was stopped, or passed over if it has ended."""

import copy
import json
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from safetensors.torch import load_file
from torch import Tensor

from data.stores.atomic import write_text
from lightning_modules.config import FitConfig
from lightning_modules.fitting.callbacks import ProgressFile
from lightning_modules.fitting.context import Materials
from lightning_modules.fitting.memory import memory_errors
from lightning_modules.fitting.outputs import write_weights
from lightning_modules.fitting.rate_finder import find_rate
from lightning_modules.fitting.torchrun import first_process
from lightning_modules.fitting.trainer import build_trainer, check_devices, device_options
from lightning_modules.inputs.datamodule import PhaseData
from lightning_modules.learning.classifier import Classifier
from lightning_modules.learning.optimizer import Optimization
from lightning_modules.network.lora import adapters
from lightning_modules.network.network import Network
from lightning_modules.objectives.loss import Loss
from lightning_modules.objectives.mixing import Mixing
from lightning_modules.recipes.base import BackboneRecipe, HeadRecipe
from lightning_modules.recipes.efficient import LoraRecipe
from lightning_modules.recipes.phase import Phase
from settings.machine import TrainerSettings


@dataclass(frozen=True)
class PhaseResult:
    """How a phase ended."""

    val_loss: float
    epochs: int
    boundary: int | None
    learning_rate: float


def fit_phase(materials: Materials, phases: Sequence[Phase], number: int, before: int) -> PhaseResult:
    """Trains phase `number` after `before` epochs in earlier ones; leaves its best weights in the network.

    Raises:
        RecipeError: the phase does not fit the backbone.
        TrainingError: the loss is not finite, or memory ran out.
    """
    folder, phase = materials.config.folder / f"phase-{number}", phases[number]
    if not (folder / "result.json").exists():
        after = sum(later.epochs for later in phases[number + 1 :])
        progress = ProgressFile(materials.config.folder / "progress.json", number, before, after)
        _train(materials, phase, folder, progress)
    materials.network.load_state_dict(phase_weights(materials.config, number))
    return PhaseResult(**json.loads((folder / "result.json").read_text(encoding="utf-8")))


def phase_weights(config: FitConfig, number: int) -> dict[str, Tensor]:
    """The network's best weights of a phase that has ended."""
    return load_file(config.folder / f"phase-{number}" / "weights.safetensors")


def _train(materials: Materials, phase: Phase, folder: Path, progress: ProgressFile) -> None:
    config, recipe = materials.config, cast(HeadRecipe, materials.config.training.recipe)
    data, boundary = materials.data(phase, cached=_cached(materials, phase, folder / "cached.json"))
    with _in_cache(data), _adapted(materials, phase):
        rate = _rate(materials, phase, boundary, data, folder)
        # A copy is trained: what the trainer wraps, shards or leaves half-way never reaches the network itself.
        module = _module(materials, phase, boundary, rate, copy.deepcopy(materials.network))
        check_devices(config, recipe, batch_statistics=module.batch_statistics)
        trainer = build_trainer(config, recipe, phase, folder, progress)
        last = folder / "last.ckpt"
        with memory_errors(module, data, trainer.strategy.root_device):
            trainer.fit(module, data, ckpt_path=last if last.exists() else None)
        val_loss = _take_best(
            _module(materials, phase, boundary, rate, materials.network), trainer, data, config.trainer
        )
    if trainer.is_global_zero:
        _write(materials, folder, PhaseResult(val_loss, trainer.current_epoch, boundary, rate))
    trainer.strategy.barrier()


def _cached(materials: Materials, phase: Phase, path: Path) -> bool:
    """Whether the phase reads cached activations; decided once, so that a resumed run rounds as it did before."""
    if not path.exists() and first_process():
        write_text(path, json.dumps(materials.cacheable(phase)))
    return bool(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else materials.cacheable(phase)


def _in_cache(data: PhaseData) -> AbstractContextManager[None]:
    return nullcontext() if data.prefix is None else data.prefix.in_use(data.views)


def _adapted(materials: Materials, phase: Phase) -> AbstractContextManager[None]:
    recipe = materials.config.training.recipe
    if phase.learns != "adapters":
        return nullcontext()
    torch.manual_seed(materials.config.training.seed)
    assert isinstance(recipe, LoraRecipe)  # noqa: S101 - no other recipe has such a phase
    return adapters(materials.network, recipe.rank, recipe.alpha)


def _rate(materials: Materials, phase: Phase, boundary: int, data: PhaseData, folder: Path) -> float:
    if phase.learning_rate != "find":
        return phase.learning_rate

    def duplicate() -> Classifier:
        """A module over a copy, which the test may spoil."""
        return _module(materials, phase, boundary, 1.0, copy.deepcopy(materials.network), check_finite=False)

    return find_rate(materials.config, folder / "rate.json", duplicate, data)


def _module(
    materials: Materials, phase: Phase, boundary: int, rate: float, network: Network, *, check_finite: bool = True
) -> Classifier:
    recipe, seed = cast(HeadRecipe, materials.config.training.recipe), materials.config.training.seed
    deep = recipe if isinstance(recipe, BackboneRecipe) and not phase.head_alone else None
    classes = len(materials.config.classes)
    weights = materials.class_weights if recipe.balance == "loss" else torch.ones(classes)
    module = Classifier(
        network,
        phase,
        boundary=boundary,
        loss=Loss(weights, recipe.label_smoothing, recipe.focal),
        mixing=Mixing(recipe.mixup, deep.cutmix if deep else 0.0),
        optimization=Optimization(
            rate, recipe.weight_decay, deep.layer_decay if deep else 1.0, recipe.schedule, recipe.warmup
        ),
        follow_batches=deep is not None and deep.batch_norm == "train",
        l2_sp=deep.l2_sp if deep else 0.0,
        anchor=materials.anchor if deep and deep.l2_sp else {},
        seed=seed,
        check_finite=check_finite,
    )
    if materials.config.trainer.compile:
        module.run_stages = torch.compile(module.run_stages)
    return module


def _take_best(module: Classifier, trainer: pl.Trainer, data: PhaseData, trainer_settings: TrainerSettings) -> float:
    """Loads the best checkpoint, or the mean of the best few where its validation loss is lower."""
    checkpoint = cast(ModelCheckpoint, trainer.checkpoint_callback)
    best, score = checkpoint.best_model_path, float(checkpoint.best_model_score)  # type: ignore[arg-type]
    single = _state(best)
    states = [_state(path) for path in checkpoint.best_k_models]
    if len(states) > 1:
        module.load_state_dict({name: _mean([state[name] for state in states]) for name in single})
        judge = pl.Trainer(logger=False, enable_checkpointing=False, **device_options(trainer_settings))
        mixed = judge.validate(module, data, verbose=False)[0]["val_loss"]
        if mixed < score:
            return mixed
    module.load_state_dict(single)
    return score


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack([value.double() for value in values]).mean(0).to(values[0].dtype)


def _state(path: str) -> dict[str, Tensor]:
    loaded: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return loaded


def _write(materials: Materials, folder: Path, result: PhaseResult) -> None:
    """Keeps weights and result, in this order; the checkpoints have done their duty."""
    write_weights(folder / "weights.safetensors", materials.network)
    write_text(folder / "result.json", json.dumps(asdict(result)))
    for leftover in folder.glob("*.ckpt*"):  # also what a killed process has half written
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

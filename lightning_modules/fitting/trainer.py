"""Lightning's Trainer as a phase needs it, and checkpoints that are written whole or not at all."""

import io
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.io import TorchCheckpointIO
from pytorch_lightning.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from pytorch_lightning.strategies import FSDPStrategy, Strategy

from data.stores.atomic import atomic_path
from lightning_modules.config import FitConfig
from lightning_modules.errors import RecipeError
from lightning_modules.fitting.callbacks import CheckpointOnSigterm, ProgressFile
from lightning_modules.recipes.base import HeadRecipe
from lightning_modules.recipes.phase import Phase
from settings.machine import TrainerSettings


def build_trainer(
    config: FitConfig, recipe: HeadRecipe, phase: Phase, folder: Path, progress: ProgressFile
) -> pl.Trainer:
    """A trainer with checkpoints, early stopping and a history; `folder` is the phase's own."""
    best = ModelCheckpoint(
        folder, "best-{epoch:03d}", monitor="val_loss", save_top_k=recipe.soup, save_last=True,
        enable_version_counter=False,
    )  # fmt: skip
    callbacks: list[Callback] = [EMAWeightAveraging(decay=recipe.ema)] if recipe.ema else []
    callbacks += [
        progress,
        EarlyStopping("val_loss", patience=recipe.patience),
        CheckpointOnSigterm(folder / "last.ckpt"),
    ]
    return pl.Trainer(
        max_epochs=phase.epochs,
        callbacks=[*callbacks, best],
        plugins=[AtomicCheckpoints()],
        logger=False,
        gradient_clip_val=recipe.clip or None,
        accumulate_grad_batches=recipe.accumulate,
        **device_options(config.trainer),
    )


def device_options(trainer: TrainerSettings) -> dict[str, Any]:
    """What every Trainer here is told: the devices, and to keep quiet."""
    gpu = on_gpu(trainer)
    return {
        "accelerator": trainer.accelerator,
        "devices": trainer.devices,
        "num_nodes": trainer.nodes,
        "strategy": _strategy(trainer),
        "precision": trainer.precision,
        "use_distributed_sampler": False,  # every process takes its part of the same seeded batch
        # On a GPU some backward passes have no deterministic kernel; there a resume is exact up to rounding.
        "deterministic": "warn" if gpu else True,
        "log_every_n_steps": 1_000_000,
        "num_sanity_val_steps": 0,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }


def check_devices(config: FitConfig, recipe: HeadRecipe, *, batch_statistics: bool) -> None:
    """Refuses what several processes cannot do alike; `batch_statistics`: BatchNorm follows the batches.

    Raises:
        RecipeError: recipe and devices do not fit together.
    """
    trainer, gpu = config.trainer, on_gpu(config.trainer)
    if trainer.processes == 1:
        return
    if batch_statistics and not gpu:
        raise RecipeError(
            "recipe.batch_norm `train` on several CPU processes: each would follow its own part of a batch; "
            "set batch_norm to frozen, or REGRAFT_TRAINER__DEVICES to 1"
        )
    if trainer.strategy == "fsdp" and (not gpu or recipe.clip or recipe.ema or recipe.soup > 1):
        raise RecipeError(
            "REGRAFT_TRAINER__STRATEGY is fsdp, which needs GPUs and a recipe without clip, ema and soup; use ddp"
        )


def _strategy(trainer: TrainerSettings) -> "str | Strategy":
    if trainer.processes == 1:
        return "auto"
    return FSDPStrategy(state_dict_type="full") if trainer.strategy == "fsdp" else trainer.strategy


def on_gpu(trainer: TrainerSettings) -> bool:
    """Whether training runs on a GPU."""
    import torch

    return trainer.accelerator == "gpu" or (trainer.accelerator == "auto" and torch.cuda.is_available())


class AtomicCheckpoints(TorchCheckpointIO):
    """Lightning's own come from the folder for temporary files, from where a move to another disk is a copy."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: "str | Path", storage_options: Any = None) -> None:
        """Writes a checkpoint.

        Raises:
            StorageError: the disk refused it; the one before is as it was.
        """
        # Torch's own writer has no clear error of a full disk.
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(content.getbuffer())

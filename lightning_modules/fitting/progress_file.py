"""A callback that tells the waiting flow how far the fit process has come."""

import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from lightning_modules.fitting.progress import read_history, write_history


class ProgressFile(Callback):
    """Writes progress.json after every epoch: epoch, of how many, and the metrics of every epoch of all phases."""

    def __init__(self, path: Path, phase: int, before: int, after: int) -> None:
        """`before` and `after` are the epochs of the phases around this one."""
        self.path, self.phase, self.before, self.after = path, phase, before, after
        self.samples, self.began, self.ended = 0, 0.0, 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock: an epoch that is resumed in its middle has no start of its own."""
        self.samples, self.began = 0, time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock anew."""
        self.on_train_start(trainer, pl_module)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any) -> None:
        """Stops the clock; the last batch's counts, so that validation is left out."""
        self.samples, self.ended = self.samples + len(args[1]["labels"]) * trainer.world_size, time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Replaces the file with the latest state; by now the epoch's own training loss is known."""
        if trainer.is_global_zero:
            metrics = {name: round(float(value), 6) for name, value in trainer.callback_metrics.items()}
            seconds = max(self.ended - self.began, 1e-6)
            speed = {"seconds": round(seconds, 4), "images_per_second": round(self.samples / seconds, 2)}
            self._write(trainer, {"phase": self.phase, **metrics, **speed})

    def _write(self, trainer: pl.Trainer, metrics: dict[str, float]) -> None:
        epoch = self.before + trainer.current_epoch + 1
        # A resumed run goes on with the epochs that its checkpoint knew; later ones are run again.
        history = [known for known in read_history(self.path) if known["epoch"] < epoch]
        write_history(self.path, self.before + int(trainer.max_epochs or 0) + self.after, [
            *history, {"epoch": epoch, **metrics},
        ])  # fmt: skip

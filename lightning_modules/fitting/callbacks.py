"""What a trainer tells and keeps while it runs: progress for the flow, which draws it, and a checkpoint on SIGTERM."""

import signal
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities.exceptions import SIGTERMException

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
        self.samples, self.ended = self.samples + len(args[1]["weights"]) * trainer.world_size, time.monotonic()

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


class CheckpointOnSigterm(Callback):
    """On SIGTERM writes last.ckpt behind the batch that was under way; the run then ends.

    Of several processes Lightning's own handler makes one wait for another that has been stopped as well; here they
    agree after every batch.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.asked = path, False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes the signal from Lightning where several processes train."""
        if trainer.world_size > 1:
            signal.signal(signal.SIGTERM, self._ask)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any) -> None:
        """Ends all processes behind the same batch.

        Raises:
            SIGTERMException: one of them was asked to stop.
        """
        if trainer.world_size > 1 and trainer.strategy.reduce_boolean_decision(self.asked, all=False):
            raise SIGTERMException

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Saves within an epoch, where no gradients are half accumulated; else the last epoch's checkpoint stands."""
        done = trainer.fit_loop.epoch_loop.batch_progress.current.ready
        within = 0 < done < trainer.num_training_batches and done % trainer.accumulate_grad_batches == 0
        if isinstance(exception, SIGTERMException) and trainer.training and within:
            trainer.save_checkpoint(self.path)

    def _ask(self, *_: Any) -> None:
        self.asked = True

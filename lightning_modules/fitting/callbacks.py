"""What a trainer tells and keeps while it runs: progress for the flow, a checkpoint on SIGTERM, curves in MLflow."""

import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from mlflow.exceptions import MlflowException
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.utilities.exceptions import SIGTERMException

from lightning_modules.errors import TrainingError
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


class EpochLogger(MLFlowLogger):
    """Logs under the epoch's number, so that runs with other batch sizes or several phases can be laid side by side."""

    def __init__(self, experiment: str, run_id: str, tracking_uri: str, before: int) -> None:
        """`before` is the number of epochs in the phases before this one."""
        super().__init__(experiment_name=experiment, tracking_uri=tracking_uri, run_id=run_id)
        self.before = before

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Logs metrics of one epoch.

        Raises:
            TrainingError: MLflow or its database refused.
        """
        values = dict(metrics)
        epoch = self.before + int(values.pop("epoch", 0)) + 1
        try:
            super().log_metrics(values, epoch)
        except MlflowException as error:
            reason = str(getattr(error.__cause__, "orig", error)).splitlines()[0]  # the database's own words
            told = f"cannot log epoch {epoch} in MLflow: {reason}; mend that, for a full disk make room"
            raise TrainingError(f"{told}, and run it again: it goes on from its last checkpoint") from error

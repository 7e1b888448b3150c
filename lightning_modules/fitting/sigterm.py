"""A callback that keeps what a politely stopped run has reached in the middle of an epoch."""

import signal
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities.exceptions import SIGTERMException


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

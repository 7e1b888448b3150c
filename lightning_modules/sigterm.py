"""A callback that keeps what a politely stopped run has reached in the middle of an epoch."""

from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities.exceptions import SIGTERMException


class CheckpointOnSigterm(Callback):
    """On SIGTERM writes last.ckpt behind the batch that was under way; the run then ends."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Saves within an epoch, where no gradients are half accumulated; else the last epoch's checkpoint stands."""
        done = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        within = 0 < done < trainer.num_training_batches and done % trainer.accumulate_grad_batches == 0
        if isinstance(exception, SIGTERMException) and trainer.training and within:
            trainer.save_checkpoint(self.path)

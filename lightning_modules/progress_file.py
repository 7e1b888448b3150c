"""A callback that tells the waiting flow how far the fit process has come."""

import json

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from data.atomic import write_text
from lightning_modules.config import FitConfig


class ProgressFile(Callback):
    """Writes progress.json after every validation: epoch, of how many, and the latest metrics."""

    def __init__(self, config: FitConfig) -> None:
        self.path = config.folder / "progress.json"

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Replaces the file with the latest state."""
        if not trainer.sanity_checking:
            metrics = {name: round(float(value), 6) for name, value in trainer.callback_metrics.items()}
            state = {"epoch": trainer.current_epoch + 1, "epochs": trainer.max_epochs, "metrics": metrics}
            write_text(self.path, json.dumps(state))

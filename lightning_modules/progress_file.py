"""A callback that tells the waiting flow how far the fit process has come."""

import json
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from data.atomic import write_text
from lightning_modules.config import FitConfig


class ProgressFile(Callback):
    """Writes progress.json after every epoch: epoch, of how many, and the metrics of every epoch so far."""

    def __init__(self, config: FitConfig) -> None:
        self.path = config.folder / "progress.json"

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Replaces the file with the latest state; by now the epoch's own training loss is known."""
        metrics = {name: round(float(value), 6) for name, value in trainer.callback_metrics.items()}
        epoch = trainer.current_epoch + 1
        # A resumed run goes on with the epochs that its checkpoint knew; later ones are run again.
        history = [known for known in read_history(self.path) if known["epoch"] < epoch]
        history.append({"epoch": epoch, **metrics})
        write_text(self.path, json.dumps({"epoch": epoch, "epochs": trainer.max_epochs, "history": history}))


def read_history(path: Path) -> list[dict[str, float]]:
    """Metrics of every epoch so far; empty before the first."""
    return list(json.loads(path.read_text(encoding="utf-8"))["history"]) if path.exists() else []

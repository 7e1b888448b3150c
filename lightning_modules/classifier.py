"""The Lightning module that every recipe trains: weighted cross-entropy on logits from features or images."""

from typing import Literal

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn import functional

from lightning_modules.datamodule import Batch
from lightning_modules.network import Network


class Classifier(pl.LightningModule):
    """Adapts a network; with `features` as inputs only its head learns and its backbone is never run."""

    def __init__(
        self,
        network: Network,
        *,
        inputs: Literal["features", "images"],
        learning_rate: float,
        weight_decay: float,
        label_smoothing: float,
    ) -> None:
        super().__init__()
        # With features as inputs the backbone is left out of the module, and so out of optimizer and checkpoints.
        self.head = network.head
        self.embed: Network | None = network if inputs == "images" else None
        self.inputs, self.learning_rate, self.weight_decay = inputs, learning_rate, weight_decay
        self.label_smoothing = label_smoothing

    def logits(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, K] and embedding [N, D] of a batch's inputs."""
        embedding = inputs if self.embed is None else self.embed.embed(inputs)
        return self.head(embedding), embedding

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Weighted loss of one batch."""
        logits, _ = self.logits(batch["inputs"])
        loss = self._loss(logits, batch, self.label_smoothing)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(logits))
        return loss

    def validation_step(self, batch: Batch, index: int) -> None:
        """Weighted loss and accuracy on the validation split."""
        logits, _ = self.logits(batch["inputs"])
        weights = batch["weights"]
        right = (logits.argmax(1) == batch["labels"]).float()
        values = {"val_loss": self._loss(logits, batch, 0.0), "val_accuracy": (right * weights).sum() / weights.sum()}
        # The mean over batches is weighted by what each batch counts for.
        self.log_dict(values, batch_size=max(1, round(float(weights.sum()))), prog_bar=True)

    def predict_step(self, batch: Batch, index: int) -> tuple[Tensor, Tensor]:
        """Probabilities and embedding of one batch."""
        logits, embedding = self.logits(batch["inputs"])
        return torch.softmax(logits, 1), embedding

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW without decay of biases and norms, under a one-cycle rate."""
        decayed = [value for value in self.parameters() if value.requires_grad and value.ndim > 1]
        plain = [value for value in self.parameters() if value.requires_grad and value.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": self.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.learning_rate)
        steps = max(3, int(self.trainer.estimated_stepping_batches))
        # Of ten steps or fewer, a tenth for warming up is none at all, which OneCycleLR divides by.
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=steps, pct_start=0.1 if steps > 10 else 0.5
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    @staticmethod
    def _loss(logits: Tensor, batch: Batch, smoothing: float) -> Tensor:
        losses = functional.cross_entropy(logits, batch["labels"], reduction="none", label_smoothing=smoothing)
        return (losses * batch["weights"]).sum() / batch["weights"].sum()

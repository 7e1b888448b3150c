"""The Lightning module that every recipe trains, one phase at a time."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_modules.errors import TrainingError
from lightning_modules.inputs.datamodule import Batch
from lightning_modules.learning.optimizer import Optimization
from lightning_modules.network.network import Network, channels_last
from lightning_modules.network.stages import run_stages, stage_names
from lightning_modules.objectives.loss import Loss
from lightning_modules.objectives.mixing import Mixing
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.trainable import freeze_rest, learning_parameters, set_modes


class Classifier(pl.LightningModule):
    """Adapts a network in one phase; where the head learns alone, the backbone is no part of module and checkpoints.

    Everything random in a step is a function of (seed, epoch, batch, process), so that a resumed run repeats it.
    """

    def __init__(
        self,
        network: Network,
        phase: Phase,
        *,
        boundary: int,
        loss: Loss,
        mixing: Mixing,
        optimization: Optimization,
        follow_batches: bool = False,
        l2_sp: float = 0.0,
        anchor: Mapping[str, Tensor] = MappingProxyType({}),
        seed: int = 0,
        check_finite: bool = True,
    ) -> None:
        """`boundary` is that of the inputs; `anchor` holds the weights that L2-SP pulls towards."""
        super().__init__()
        self.phase, self.boundary, self.follow_batches, self.seed = phase, boundary, follow_batches, seed
        self.loss, self.mixing, self.optimization, self.l2_sp = loss, mixing, optimization, l2_sp
        self.learning = learning_parameters(network, phase)
        self.check_finite = check_finite
        self.stages = len(stage_names(network.backbone))
        freeze_rest(network, self.learning)
        self.head = network.head
        self.network: Network | None = None if boundary == self.stages else network
        self.anchor = {name: anchor[name] for name in self.learning if name in anchor}
        self.run_stages = run_stages
        # No buffers: the moving average swaps those in the middle of a validation.
        self.sums, self.losses = torch.zeros(3), torch.zeros(2)

    @property
    def batch_statistics(self) -> bool:
        """Whether BatchNorm layers of learning stages follow the batches."""
        backbone = self.network.backbone if self.network is not None and not self.phase.head_alone else None
        return (
            self.follow_batches and backbone is not None and any(isinstance(m, _BatchNorm) for m in backbone.modules())
        )

    def train(self, mode: bool = True) -> "Classifier":
        """Training mode for what learns alone."""
        super().train(mode)
        if mode and self.network is not None:
            set_modes(self.network, self.phase, follow_batches=self.follow_batches)
        return self

    def on_fit_start(self) -> None:
        """Moves what L2-SP pulls towards to the device, once."""
        self.anchor = {name: value.to(self.device) for name, value in self.anchor.items()}

    def on_train_start(self) -> None:
        """Sets the modes: Lightning starts with those that the modules happen to have."""
        self.train()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the losses of the epoch so far, for a run that is stopped within it."""
        checkpoint["losses"] = self.trainer.strategy.reduce(self.losses.clone(), reduce_op="mean")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Goes on with those losses."""
        self.losses = checkpoint["losses"]

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seeds the step by its place in the run."""
        self.losses = self.losses.to(self.device) if batch_idx else torch.zeros(2, device=self.device)
        place = f"{self.seed}/{self.phase.name}/{self.current_epoch}/{batch_idx}/{self.global_rank}"
        torch.manual_seed(int.from_bytes(hashlib.sha256(place.encode()).digest()[:8]))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch.

        Raises:
            TrainingError: it is not finite.
        """
        loss = self.batch_loss(batch) * self.trainer.world_size + self._pull()
        self._check(loss, f"in batch {batch_idx + 1}")
        size = len(batch["labels"])
        self.losses += torch.stack([loss.detach() * size, loss.new_tensor(size)])
        if self.trainer.is_last_batch:
            mean = self.losses[0] / self.losses[1]
            self.log("train_loss", mean, on_step=False, on_epoch=True, batch_size=1, sync_dist=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Starts the sums."""
        self.sums = torch.zeros(3, device=self.device)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Adds to the sums of losses, weights and weights of right answers."""
        logits = self.logits(batch["inputs"])
        losses = functional.cross_entropy(logits.float(), batch["labels"], reduction="none")
        right, weights = (logits.argmax(1) == batch["labels"]).float(), batch["weights"]
        self.sums += torch.stack([(losses * weights).sum(), weights.sum(), (right * weights).sum()])

    def on_validation_epoch_end(self) -> None:
        """Weighted loss and accuracy on the validation split, over all processes.

        Raises:
            TrainingError: the loss is not finite.
        """
        loss, weight, right = self.trainer.strategy.reduce(self.sums, reduce_op="sum")
        self.log_dict({"val_loss": loss / weight, "val_accuracy": right / weight}, prog_bar=True)
        if self.trainer.state.fn == TrainerFn.FITTING:  # a mean of checkpoints is only tried out
            self._check(loss, "on the validation split")

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits [N, K] of inputs at the boundary."""
        logits: Tensor = self.head(self._learning(self._frozen(self._activation(inputs))))
        return logits

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW with a rate for each stage under the phase's schedule."""
        head = [(name, value, 0) for name, value in self.head.named_parameters()]
        backbone = dict(self.network.backbone.named_parameters()) if self.network is not None else {}
        learning = [(name, backbone[name], self.stages - stage) for name, stage in self.learning.items()]
        optimizer = self.optimization.optimizer(head + learning)
        schedule = self.optimization.scheduler(optimizer, int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def batch_loss(self, batch: Batch) -> Tensor:
        """This process's part of a batch's loss, on blended samples where the recipe blends."""
        # At the phase's own boundary, so that mixing is the same whether what lies before it is cached or not.
        activation = self._frozen(self._activation(batch["inputs"]))
        targets = functional.one_hot(batch["labels"], self.loss.class_weights.numel()).float()
        activation, targets, weights = self.mixing(activation, targets, batch["weights"])
        loss: Tensor = self.loss(self.head(self._learning(activation)), targets, weights, batch["total"])
        return loss

    def _activation(self, inputs: Tensor) -> Tensor:
        if self.network is not None and self.boundary == 0:
            inputs = self.network.normalise(inputs)
        return inputs

    def _frozen(self, activation: Tensor) -> Tensor:
        """From the boundary of the inputs to that of the phase."""
        if self.network is None or self.boundary == self.phase.first:
            return activation
        with torch.no_grad():
            backbone = self.network.backbone
            found: Tensor = self.run_stages(backbone, channels_last(activation), self.boundary, self.phase.first)
            return found

    def _learning(self, activation: Tensor) -> Tensor:
        """From the boundary of the phase to the embedding."""
        if self.network is None or self.phase.head_alone:
            return activation
        embedding: Tensor = self.run_stages(self.network.backbone, channels_last(activation), self.phase.first)
        return embedding

    def _pull(self) -> Tensor | float:
        """L2-SP: half the squared distance of what learns from where it began (arXiv 1802.01483)."""
        if not self.anchor or self.network is None:
            return 0.0
        values = dict(self.network.backbone.named_parameters())
        pairs = ((values[name], start) for name, start in self.anchor.items())
        return 0.5 * self.l2_sp * torch.stack([(value - start).square().sum() for value, start in pairs]).sum()

    def _check(self, loss: Tensor, where: str) -> None:
        if not self.check_finite or torch.isfinite(loss):
            return
        rates: list[Any] = [group["lr"] for group in self.trainer.optimizers[0].param_groups]
        raise TrainingError(
            f"the loss is {float(loss)} {where} of epoch {self.current_epoch + 1} of phase {self.phase.name!r}, at a "
            f"rate of {max(rates):.3g}; lower recipe.learning_rate or set recipe.clip "
            "(the last good checkpoint is kept)"
        )

"""The Lightning module that every recipe trains, one phase at a time."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_modules.errors import TrainingError
from lightning_modules.inputs.datamodule import Batch
from lightning_modules.learning.optimizer import Optimization
from lightning_modules.learning.penalties import Penalty
from lightning_modules.network.network import Network, channels_last
from lightning_modules.objectives.mixing import Mixing
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.trainable import freeze_rest, learning_parameters, set_modes


class Learner(pl.LightningModule):
    """Adapts a network in one phase; where the heads learn alone, the backbone is no part of module and checkpoints.

    Everything random in a step is a function of (seed, epoch, batch, process), so that a resumed run repeats it.
    """

    def __init__(
        self,
        network: Network,
        phase: Phase,
        *,
        boundary: int,
        criteria: dict[str, nn.Module],
        mixing: Mixing,
        optimization: Optimization,
        penalties: Sequence[Penalty] = (),
        follow_batches: bool = False,
        seed: int = 0,
        check_finite: bool = True,
    ) -> None:
        """`boundary` is that of the inputs; `criteria` is the training loss of each task."""
        super().__init__()
        self.phase, self.boundary, self.follow_batches, self.seed = phase, boundary, follow_batches, seed
        self.mixing, self.optimization, self.check_finite = mixing, optimization, check_finite
        self.adapter, self.objectives = network.adapter, network.objectives
        self.learning = learning_parameters(network, phase)
        self.penalties = penalties if self.learning else ()
        self.stages = len(self.adapter.stages(network.backbone))
        freeze_rest(network, self.learning)
        self.heads = network.heads
        self.names = dict(zip(self.objectives, network.heads, strict=True))
        self.criteria = nn.ModuleDict({self.names[name]: criterion for name, criterion in criteria.items()})
        self.network: Network | None = None if boundary == self.stages else network
        self.run_stages = self.adapter.run
        # Sums of (losses, samples) and of (losses, figures, weights). No buffers: the moving average swaps those in the
        # middle of a validation; and no MeanMetric of torchmetrics: where it lets nan through, it forgets the weights.
        self.losses, self.sums = torch.zeros(2), torch.zeros(3)

    @property
    def batch_statistics(self) -> bool:
        """Whether BatchNorm layers of learning stages follow the batches."""
        backbone = self.network.backbone if self.network is not None and not self.phase.head_alone else None
        return (
            self.follow_batches and backbone is not None and any(isinstance(m, _BatchNorm) for m in backbone.modules())
        )

    def train(self, mode: bool = True) -> "Learner":
        """Training mode for what learns alone."""
        super().train(mode)
        if mode and self.network is not None:
            set_modes(self.network, self.phase, follow_batches=self.follow_batches)
        return self

    def on_fit_start(self) -> None:
        """Moves what the penalties compare with to the device, once."""
        for penalty in self.penalties:
            penalty.to(self.device)

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
        self.seed_step(self.current_epoch, batch_idx)

    def seed_step(self, epoch: int, batch: int) -> None:
        """Seeds whatever is drawn at random in one step of this process."""
        place = f"{self.seed}/{self.phase.name}/{epoch}/{batch}/{self.global_rank}"
        seed = int.from_bytes(hashlib.sha256(place.encode()).digest()[:8])
        # torch.manual_seed notes a stack trace a call for GPUs that are not in use.
        torch.default_generator.manual_seed(seed) if self.device.type == "cpu" else torch.manual_seed(seed)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch.

        Raises:
            TrainingError: it is not finite.
        """
        loss = self.batch_loss(batch) * self.trainer.world_size + self._penalty()
        self._check(loss, f"in batch {batch_idx + 1}")
        size = len(batch["weights"])
        self.losses += torch.stack([loss.detach() * size, loss.new_tensor(size)])
        if self.trainer.is_last_batch:
            mean = self.losses[0] / self.losses[1]
            self.log("train_loss", mean, on_step=False, on_epoch=True, batch_size=1, sync_dist=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Starts the sums."""
        self.sums = torch.zeros(3, device=self.device)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Adds each sample's loss, of all tasks together, and the figure of the first task."""
        outputs, targets, weights = self.outputs(batch["inputs"]), batch["targets"], batch["weights"]
        losses = [one.losses(outputs[name], targets[name]) for name, one in self.objectives.items()]
        first = next(iter(self.objectives))
        figures = self.objectives[first].figures(outputs[first], targets[first])
        loss = torch.stack(losses).sum(0)
        self.sums += torch.stack([(loss * weights).sum(), (figures * weights).sum(), weights.sum()])

    def on_validation_epoch_end(self) -> None:
        """Weighted loss and figure on the validation split, over all processes.

        Raises:
            TrainingError: the loss is not finite.
        """
        losses, figures, weight = self.trainer.strategy.reduce(self.sums, reduce_op="sum")
        loss, figure = losses / weight, next(iter(self.objectives.values())).figure
        self.log_dict({"val_loss": loss, f"val_{figure}": figures / weight}, prog_bar=True)
        if self.trainer.state.fn == TrainerFn.FITTING:  # a mean of checkpoints is only tried out
            self._check(loss, "on the validation split")

    def outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """Logits of each task, of inputs at the boundary."""
        embedding = self._learning(self._frozen(self._activation(inputs)))
        return {name: self.heads[key](embedding) for name, key in self.names.items()}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW with a rate for each stage under the phase's schedule."""
        heads = [(name, value, 0) for name, value in self.heads.named_parameters()]
        backbone = dict(self.network.backbone.named_parameters()) if self.network is not None else {}
        learning = [(name, backbone[name], self.stages - stage) for name, stage in self.learning.items()]
        undecayed = self.adapter.undecayed(self.network.backbone) if self.network is not None else frozenset()
        optimizer = self.optimization.optimizer(heads + learning, undecayed)
        schedule = self.optimization.scheduler(optimizer, int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def batch_loss(self, batch: Batch) -> Tensor:
        """This process's part of a batch's loss over all tasks, on blended samples where the recipe blends."""
        # At the phase's own boundary, so that mixing is the same whether what lies before it is cached or not.
        activation = self._frozen(self._activation(batch["inputs"]))
        blendable = [one.blendable(batch["targets"][name]) for name, one in self.objectives.items()]
        activation, weights, *targets = self.mixing(activation, batch["weights"], *blendable)
        embedding, keys = self._learning(activation), self.names.values()
        losses = [
            self.criteria[key](self.heads[key](embedding), wanted, weights, batch["total"])
            for key, wanted in zip(keys, targets, strict=True)
        ]
        return torch.stack(losses).sum()

    def _activation(self, inputs: Tensor) -> Tensor:
        if self.network is not None and self.boundary == 0:
            inputs = self.network.prepare(inputs)
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

    def _penalty(self) -> Tensor | float:
        if not self.penalties or self.network is None:
            return 0.0
        return torch.stack([penalty(self.network.backbone) for penalty in self.penalties]).sum()

    def _check(self, loss: Tensor, where: str) -> None:
        if not self.check_finite or torch.isfinite(loss):
            return
        rates: list[Any] = [group["lr"] for group in self.trainer.optimizers[0].param_groups]
        raise TrainingError(
            f"the loss is {float(loss)} {where} of epoch {self.current_epoch + 1} of phase {self.phase.name!r}, at a "
            f"rate of {max(rates):.3g}; lower recipe.learning_rate or set recipe.clip "
            "(the last good checkpoint is kept)"
        )

"""Training of heads from features in memory: the steps that a trainer makes, without checkpoints and curves."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

from lightning_modules.errors import TrainingError
from lightning_modules.inputs.datamodule import SeededBatches, SplitData, Take
from lightning_modules.learning.learner import Learner
from lightning_modules.recipes.base import HeadRecipe


@dataclass(frozen=True)
class Length:
    """How long is trained: updates that are made, of so many that the schedule is laid out for."""

    updates: int
    planned: int


def fit_heads(learner: Learner, data: SplitData, batches: SeededBatches, recipe: HeadRecipe, length: Length) -> None:
    """Trains the heads of a phase; to the bit as Lightning does on one device.

    Raises:
        TrainingError: they are not finite.
    """
    optimizer = learner.optimization.optimizer([(name, one, 0) for name, one in learner.heads.named_parameters()])
    scheduler = learner.optimization.scheduler(optimizer, length.planned)
    averaged = _Averaged(learner.heads, recipe.ema)
    learner.train()
    for update in islice(_updates(batches, recipe.accumulate), length.updates):
        for number, take in update:
            learner.seed_step(take.epoch, number)
            loss = learner.batch_loss(data[take]) / recipe.accumulate
            loss.backward()  # type: ignore[no-untyped-call]
        _step(learner.heads, optimizer, recipe.clip)
        scheduler.step()
        averaged.update(learner.heads)
    averaged.copy_to(learner.heads)
    if not all(bool(torch.isfinite(one).all()) for one in learner.heads.parameters()):
        raise TrainingError("the refitted head is not finite; lower recipe.learning_rate or set recipe.refit to 0")


def _updates(batches: SeededBatches, accumulate: int) -> Iterator[list[tuple[int, Take]]]:
    """The batches of each update with their numbers in the epoch, for ever."""
    for epoch in count():
        batches.set_epoch(epoch)
        taken = list(enumerate(batches))
        yield from (taken[first : first + accumulate] for first in range(0, len(taken), accumulate))


def _step(heads: nn.Module, optimizer: torch.optim.Optimizer, clip: float) -> None:
    if clip:
        nn.utils.clip_grad_norm_(heads.parameters(), clip)
    optimizer.step()
    optimizer.zero_grad()


class _Averaged:
    """The moving average of weights, as Lightning's EMAWeightAveraging keeps it; with a decay of 0 there is none."""

    def __init__(self, heads: nn.Module, decay: float) -> None:
        average = get_ema_avg_fn(decay)  # type: ignore[no-untyped-call]
        self.model = AveragedModel(heads, avg_fn=average, use_buffers=True) if decay else None

    def update(self, heads: nn.Module) -> None:
        """Takes the weights after a step."""
        if self.model is not None:
            self.model.update_parameters(heads)

    def copy_to(self, heads: nn.Module) -> None:
        """Replaces the weights by their average."""
        if self.model is not None:
            heads.load_state_dict(self.model.module.state_dict())

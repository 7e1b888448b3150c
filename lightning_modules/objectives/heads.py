"""The heads: what turns an embedding into logits."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.objectives.objective import TaskHead


class Head(TaskHead):
    """A linear layer over standardised features; `standardise` sets the statistics from training features."""

    def __init__(self, features: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.linear = nn.Linear(features, classes)
        self.clear()

    def clear(self) -> None:
        """All classes are as likely."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def standardise(self, features: Tensor) -> None:
        """Takes mean and standard deviation from features [N, D] of the training split.

        A feature that hardly varied there gets a tenth of the mean deviation: it would drown all others as soon as it
        wakes, in a backbone that learns or in images of another kind.
        """
        deviation = features.std(0)
        self.mean.copy_(features.mean(0))
        self.scale.copy_(deviation.clamp_min(0.1 * float(deviation.mean())))

    def forward(self, features: Tensor) -> Tensor:
        """Logits [N, K]."""
        standard = functional.dropout((features - self.mean) / self.scale, self.dropout, self.training)
        logits: Tensor = self.linear(standard)
        return logits


class CosineHead(TaskHead):
    """Scaled cosines between a sample's features and one L2-normalised prototype a class."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.prototypes: Tensor
        self.scale: Tensor
        self.register_buffer("prototypes", torch.zeros(classes, features))
        self.register_buffer("scale", torch.ones(()))

    def clear(self) -> None:
        """There are no prototypes; the scale stays."""
        self.prototypes.zero_()

    def forward(self, features: Tensor) -> Tensor:
        """Logits [N, K]."""
        return self.scale * functional.normalize(features) @ self.prototypes.T

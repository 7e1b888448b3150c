"""Classification: logits of the classes, softened into probabilities."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.errors import RecipeError
from lightning_modules.objectives.heads import CosineHead, Head
from lightning_modules.objectives.loss import Loss, balanced_weights
from lightning_modules.objectives.objective import HeadStyle, Labelled, Objective, TaskHead
from lightning_modules.objectives.prototypes import choose_scale, set_prototypes


class ClassificationObjective(Objective, kind="classification"):
    """One of K classes: targets are class indices [N], or shares of classes [N, K] once they are blended."""

    figure, mixes, calibrates = "accuracy", True, True

    def head(self, features: int, style: HeadStyle = "linear", dropout: float = 0.0) -> TaskHead:
        """A linear layer, or one prototype a class."""
        classes = len(self.task.columns)
        return Head(features, classes, dropout) if style == "linear" else CosineHead(features, classes)

    def check(self, targets: Tensor) -> None:
        """Every class must have a training sample."""
        absent = [name for number, name in enumerate(self.task.columns) if not bool((targets == number).any())]
        if absent:
            raise RecipeError(
                f"no training sample has the label {absent[0]!r}; add some, or take it out of the domain's classes"
            )

    def prepare_head(self, head: nn.Module, train: Labelled, held: Labelled | None) -> None:
        """Standardises for a linear head; sets prototypes and the scale of the smallest validation loss otherwise."""
        if isinstance(head, Head):
            head.standardise(train.features)
        elif isinstance(head, CosineHead):
            set_prototypes(head, train)
            if held is not None:
                choose_scale(head, held)

    def balance(self, targets: Tensor, weights: Tensor) -> Tensor:
        """Weights [K] that give every class the same share."""
        return balanced_weights(targets, weights, len(self.task.columns))

    def chances(self, targets: Tensor, balance: Tensor) -> Tensor:
        """The weight of each sample's class."""
        return balance[targets]

    def criterion(self, smoothing: float, focal: float, balance: Tensor | None) -> nn.Module:
        """Cross-entropy, or focal loss, weighted by class."""
        return Loss(torch.ones(len(self.task.columns)) if balance is None else balance, smoothing, focal)

    def blendable(self, targets: Tensor) -> Tensor:
        """Shares of classes [N, K]."""
        return functional.one_hot(targets, len(self.task.columns)).float()

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy in full precision."""
        return functional.cross_entropy(logits.float(), targets, reduction="none")

    def figures(self, logits: Tensor, targets: Tensor) -> Tensor:
        """1 where the likeliest class is the true one."""
        return (logits.argmax(1) == targets).float()

    def answer(self, logits: Tensor, temperature: Tensor) -> Tensor:
        """Probabilities [N, K]."""
        return torch.softmax(logits / temperature, dim=1)

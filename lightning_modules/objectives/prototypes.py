"""Setting a head from cached features: standardisation of a linear one, class means of a cosine one."""

import torch
from torch import Tensor
from torch.nn import functional

from lightning_modules.errors import RecipeError
from lightning_modules.objectives.heads import CosineHead, Head

SCALES = torch.logspace(0, 2, 41)


def check_classes(labels: Tensor, held: int, classes: tuple[str, ...]) -> None:
    """Every class must have a training sample, and there must be some, `held` of them, to validate on.

    Raises:
        RecipeError: one has none, or there are none.
    """
    if not held:
        raise RecipeError("the validation split is empty; raise data.split.validation or add samples")
    absent = [name for number, name in enumerate(classes) if not bool((labels == number).any())]
    if absent:
        raise RecipeError(
            f"no training sample has the label {absent[0]!r}; add some, or take it out of the domain's classes"
        )


def prepare_head(head: Head | CosineHead, train: tuple[Tensor, Tensor, Tensor], held: tuple[Tensor, ...]) -> None:
    """Sets a fresh head from (features [N, D], labels [N], weights [N]) of the training split.

    A cosine head's scale is the one with the smallest loss on the validation split, `held`.
    """
    if isinstance(head, Head):
        head.standardise(train[0])
        return
    features, labels, weights = train
    rows = weights[:, None] * functional.normalize(features)
    sums = torch.zeros_like(head.prototypes).index_add_(0, labels, rows)
    head.prototypes.copy_(functional.normalize(sums))
    losses = torch.stack([_loss(head, scale, held) for scale in SCALES])
    head.scale.copy_(SCALES[losses.argmin()])


@torch.no_grad()
def validation_loss(head: Head | CosineHead, held: tuple[Tensor, ...]) -> float:
    """Weighted cross-entropy on (features, labels, weights)."""
    features, labels, weights = held
    losses = functional.cross_entropy(head(features), labels, reduction="none")
    return float((losses * weights).sum() / weights.sum())


def _loss(head: CosineHead, scale: Tensor, held: tuple[Tensor, ...]) -> Tensor:
    head.scale.copy_(scale)
    return torch.tensor(validation_loss(head, held))

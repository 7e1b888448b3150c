"""Class means as a head: of cached features, L2-normalised (arXiv 1904.04232)."""

import torch
from torch.nn import functional

from lightning_modules.objectives.heads import CosineHead
from lightning_modules.objectives.objective import Labelled

SCALES = torch.logspace(0, 2, 41)


def set_prototypes(head: CosineHead, train: Labelled) -> None:
    """Sets the prototypes of a cosine head from features that it is to learn from."""
    rows = train.weights[:, None] * functional.normalize(train.features)
    sums = torch.zeros_like(head.prototypes).index_add_(0, train.targets, rows)
    head.prototypes.copy_(functional.normalize(sums))


def choose_scale(head: CosineHead, held: Labelled) -> None:
    """Sets the scale of the smallest loss on samples that the prototypes were not made of."""
    losses = [_loss(head, float(scale), held) for scale in SCALES]
    head.scale.copy_(SCALES[torch.tensor(losses).argmin()])


@torch.no_grad()
def _loss(head: CosineHead, scale: float, held: Labelled) -> float:
    """Weighted cross-entropy under a scale."""
    head.scale.fill_(scale)
    losses = functional.cross_entropy(head(held.features), held.targets, reduction="none")
    return float((losses * held.weights).sum() / held.weights.sum())

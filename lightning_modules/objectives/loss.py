"""The loss of every recipe: cross-entropy or focal, on soft targets, weighted by sample and by class."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Loss(nn.Module):
    """Weighted mean of -sum_k t_k (1 - p_k)^focal log p_k; with focal 0 that is cross-entropy."""

    def __init__(self, class_weights: Tensor, smoothing: float, focal: float) -> None:
        super().__init__()
        self.class_weights: Tensor
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.smoothing, self.focal = smoothing, focal

    def forward(self, logits: Tensor, targets: Tensor, weights: Tensor, total: Tensor) -> Tensor:
        """Sum of losses over `total`, the samples' weight in all processes together.

        Args:
            logits: [N, K].
            targets: shares of the classes [N, K].
            weights: of the samples [N].
            total: of the weights of the whole batch, of which these samples are this process's part.
        """
        smooth = targets * (1 - self.smoothing) + self.smoothing / targets.shape[1]
        logs = functional.log_softmax(logits.float(), dim=1)
        terms = -smooth * logs * (1 - logs.exp()) ** self.focal if self.focal else -smooth * logs
        counted = weights * (targets @ self.class_weights)
        return (terms.sum(1) * counted).sum() / total


def balanced_weights(labels: Tensor, weights: Tensor, classes: int) -> Tensor:
    """Weights [K] that give every class the same share of the loss, with a mean of one over the samples."""
    mass = torch.zeros(classes).index_add_(0, labels, weights)
    return mass.sum() / (classes * mass)

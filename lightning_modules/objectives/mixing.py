"""Mixup and cutmix: samples of a batch are blended with one another, and so are their targets."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Beta

from lightning_modules.errors import RecipeError


@dataclass(frozen=True)
class Mixing:
    """Mixup (arXiv 1710.09412) and cutmix (arXiv 1905.04899) by torch's global generator; of both one is drawn a step.

    They work on images and on the activations at any boundary (manifold mixup, arXiv 1806.05236); cutmix needs height
    and width.
    """

    mixup: float = 0.0
    cutmix: float = 0.0

    def __call__(self, inputs: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        """Blended inputs [N, ...], and by the same share whatever else goes with the samples: targets, weights."""
        alphas = [alpha for alpha in (self.mixup, self.cutmix) if alpha]
        if not alphas:
            return inputs, *others
        cut = self.cutmix > 0 and (len(alphas) == 1 or bool(torch.rand(()) < 0.5))
        alpha = self.cutmix if cut else self.mixup
        share, partner = float(Beta(alpha, alpha).sample()), torch.randperm(len(inputs)).to(inputs.device)
        if cut:
            inputs, share = _cut(inputs, inputs[partner], share)
        else:
            inputs = share * inputs + (1 - share) * inputs[partner]
        return inputs, *(share * value + (1 - share) * value[partner] for value in others)


def _cut(inputs: Tensor, partners: Tensor, share: float) -> tuple[Tensor, float]:
    """Puts a rectangle of the partners into the inputs; the share is what is really left of them."""
    if inputs.ndim != 4:
        raise RecipeError(
            f"cutmix needs height and width, the samples are {tuple(inputs.shape[1:])} where they are mixed; use mixup"
        )
    height, width = inputs.shape[2:]
    side = (1 - share) ** 0.5
    high, wide = round(height * side), round(width * side)
    top, left = int(torch.randint(height - high + 1, ())), int(torch.randint(width - wide + 1, ()))
    mixed = inputs.clone()
    mixed[:, :, top : top + high, left : left + wide] = partners[:, :, top : top + high, left : left + wide]
    return mixed, 1 - high * wide / (height * width)

"""Adversarial images: the smallest changes that mislead a network most, within a stated budget for every pixel.

FGSM takes one step along the sign of the loss's gradient (Goodfellow, Shlens and Szegedy 2015, "Explaining and
Harnessing Adversarial Examples"); PGD takes several from a random start and stays within the budget (Madry et al.
2018, "Towards Deep Learning Models Resistant to Adversarial Attacks"). Both are captum's. They know the weights:
what they find is a worst case that no camera delivers by itself, so it is reported and decides nothing.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from captum.robust import FGSM, PGD
from torch import Tensor
from torch.nn import functional

from data.specs.spec import Array
from lightning_modules.network.network import Network

Floats = npt.NDArray[np.float32]
AttackName = Literal["fgsm", "pgd"]
ATTACKS: tuple[AttackName, ...] = ("fgsm", "pgd")
BATCH = 16
REACH = 2.5  # a PGD step is this share of budget / steps, so that it can cross the ball and come back (Madry)


@dataclass(frozen=True)
class Attack:
    """How images are changed: no pixel moves by more than `budget`, which counts in steps of 1/255 of the range.

    Only PGD takes several steps and draws its start with the seed.
    """

    kind: AttackName
    budget: float
    steps: int
    seed: int


def attack(network: Network, images: Array, truth: npt.NDArray[np.int64], how: Attack) -> Floats:
    """Adversarial images as float32 [N, H, W, C] in 0..255, not rounded to whole grey levels, of uint8 images.

    The attack is untargeted and raises the cross-entropy of the true class; network and its gradients stay as they are.
    """
    batches = zip(
        torch.split(torch.from_numpy(images).float(), BATCH), torch.split(torch.from_numpy(truth), BATCH), strict=True
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():  # captum draws from the global generator
        warnings.filterwarnings("ignore", "Input Tensor . did not already require gradients")
        torch.manual_seed(how.seed)
        found = [_attack_batch(network, part, labels, how) for part, labels in batches]
    adversarial: Floats = torch.cat(found).numpy()
    return adversarial


def attacked(
    network: Network,
    images: Array,
    truth: npt.NDArray[np.int64],
    *,
    budgets: list[float],
    steps: int,
    seed: int,
) -> Iterator[tuple[AttackName, float, Floats]]:
    """Yields attack, budget and what the network says [N, K] of the images after that attack, weakest budget first.

    Only images that it still judges rightly are attacked: what misled it within a smaller budget lies within a larger
    one too, and keeps its place. So accuracy never rises with the budget, and a fragile network is done with soon.
    """
    for kind in ATTACKS:
        said = probabilities(network, images)
        for budget in sorted(budgets):
            right = np.flatnonzero(said.argmax(axis=1) == truth)
            said[right] = _misled(network, images[right], truth[right], Attack(kind, budget, steps, seed))
            yield kind, budget, said.copy()


def _misled(network: Network, images: Array, truth: npt.NDArray[np.int64], how: Attack) -> Floats:
    """What the network says [n, K] of images [n, H, W, C] after an attack; there may be none left."""
    if not len(images):
        return np.empty((0, 1), np.float32)
    return probabilities(network, attack(network, images, truth, how))


@torch.inference_mode()
def probabilities(network: Network, images: Array | Floats) -> Floats:
    """What a network says [N, K] of images [N, H, W, C] in 0..255, whole numbers or not."""
    network.eval()
    said: Floats = torch.cat([network(part)[0] for part in torch.split(torch.from_numpy(images), BATCH)]).numpy()
    return said


def _attack_batch(network: Network, images: Tensor, truth: Tensor, how: Attack) -> Tensor:
    attacker = (FGSM if how.kind == "fgsm" else PGD)(network.eval().logits, _loss, 0.0, 255.0)
    # captum takes gradients below a millionth for none: those of a sure network are, and it would seem robust.
    (attacker if how.kind == "fgsm" else attacker.fgsm).zero_thresh = 0.0
    if how.kind == "fgsm":
        found: Tensor = attacker.perturb(images, how.budget, truth)
    else:
        step = REACH * how.budget / how.steps
        found = attacker.perturb(images, how.budget, step, how.steps, truth, random_start=True)
    return found.detach()


def _loss(logits: Tensor, truth: Tensor) -> Tensor:
    """One loss a sample: what a mean takes to the gradient depends on the size of the batch."""
    return functional.cross_entropy(logits, truth, reduction="none")

"""AdamW with a rate for each stage, and the schedule of that rate."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR


@dataclass(frozen=True)
class Optimization:
    """How the learning parameters are moved."""

    learning_rate: float
    weight_decay: float
    layer_decay: float
    schedule: Literal["cosine", "one_cycle"]
    warmup: float
    swept: bool = False  # by a range test, which sets all groups to one rate

    def optimizer(
        self, learning: Iterable[tuple[str, Tensor, int]], undecayed: Collection[str] = ()
    ) -> torch.optim.Optimizer:
        """AdamW over (name, parameter, distance from the head in stages).

        Norms and biases have no decay, nor has what the backbone has only one of, such as a position embedding, or
        names itself (`undecayed`), such as a table of relative positions.
        """
        groups: dict[tuple[int, bool], dict[str, Any]] = {}
        for name, parameter, distance in learning:
            single = name.endswith(("pos_embed", "cls_token", "reg_token"))
            plain = parameter.ndim <= 1 or single or name in undecayed
            group = groups.setdefault((distance, plain), self._group(distance, plain=plain))
            group["params"].append(parameter)
        made = torch.optim.AdamW([groups[key] for key in sorted(groups)], lr=self.learning_rate)
        if self.swept:
            _keep_shares(made)
        return made

    def scheduler(self, optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler:
        """The schedule over that many steps, for each group from its own peak."""
        steps = max(3, steps)
        if self.schedule == "one_cycle":
            peaks = [group["lr"] for group in optimizer.param_groups]
            # OneCycleLR divides by the steps of its warm-up less one.
            rise = self.warmup if self.warmup * steps > 1 else 0.5
            return OneCycleLR(optimizer, peaks, total_steps=steps, pct_start=rise)
        return LambdaLR(optimizer, lambda step: cosine_share(step, steps, self.warmup))

    def _group(self, distance: int, *, plain: bool) -> dict[str, Any]:
        share = self.layer_decay**distance
        decay = 0.0 if plain else self.weight_decay
        return {"params": [], "lr": self.learning_rate * share, "share": share, "weight_decay": decay}


def _keep_shares(optimizer: torch.optim.Optimizer) -> None:
    """Lets each group step at its share of the rate that all are set to."""

    def lower(*_: Any) -> None:
        for group in optimizer.param_groups:
            group["whole"], group["lr"] = group["lr"], group["lr"] * group["share"]

    def restore(*_: Any) -> None:
        for group in optimizer.param_groups:
            group["lr"] = group.pop("whole")

    optimizer.register_step_pre_hook(lower)
    optimizer.register_step_post_hook(restore)


def cosine_share(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate at a step: linear up to it, then half a cosine down to zero."""
    rise = warmup * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1.0, steps - rise))))

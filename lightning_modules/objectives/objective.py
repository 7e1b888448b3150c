"""An objective: how a network learns to answer one task, and what its answer looks like."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from data.targets.task import Task
from lightning_modules.errors import RecipeError

HeadStyle: TypeAlias = Literal["linear", "cosine"]


class Labelled(NamedTuple):
    """Features [N, D] of samples, what is to be learned of them [N, ...], and their weights [N]."""

    features: Tensor
    targets: Tensor
    weights: Tensor

    def at(self, positions: Tensor) -> "Labelled":
        """Those at the positions."""
        return Labelled(self.features[positions], self.targets[positions], self.weights[positions])


class TaskHead(nn.Module):
    """The base of all heads: its logits are divided by a temperature, which packaging sets; training leaves it at 1."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(()))

    def clear(self) -> None:
        """Forgets all that it learned from samples; what the validation split has chosen stays."""
        raise NotImplementedError


class Objective(ABC):
    """How a network learns to answer a task; a new kind of task is a subclass in a file of its own.

    Attributes:
        figure: what is shown of an epoch beside its loss.
        mixes: whether the targets of two samples can be blended.
        calibrates: whether the answer is a distribution, which a temperature can soften.
    """

    kinds: ClassVar[dict[str, type["Objective"]]] = {}
    figure: ClassVar[str]
    mixes: ClassVar[bool]
    calibrates: ClassVar[bool]

    def __init_subclass__(cls, *, kind: str) -> None:
        """Notes the objective under the kind of its task."""
        super().__init_subclass__()
        cls.kinds[kind] = cls

    def __init__(self, task: Task) -> None:
        """`task` is the domain's own."""
        self.task: Any = task

    @abstractmethod
    def head(self, features: int, style: HeadStyle = "linear", dropout: float = 0.0) -> TaskHead:
        """A fresh head over embeddings of that length.

        Raises:
            RecipeError: the task has no head of that style.
        """

    @abstractmethod
    def check(self, targets: Tensor) -> None:
        """Refuses training targets [N, ...] from which the task cannot be learned.

        Raises:
            RecipeError: they lack an answer.
        """

    @abstractmethod
    def prepare_head(self, head: nn.Module, train: Labelled, held: Labelled | None) -> None:
        """Sets a fresh head from features that it is to learn from.

        `held` is the validation split; without it what that has chosen stays as it is.
        """

    @abstractmethod
    def balance(self, targets: Tensor, weights: Tensor) -> Tensor:
        """How much each answer must count for all to count the same.

        Raises:
            RecipeError: answers of this kind have no frequencies.
        """

    @abstractmethod
    def chances(self, targets: Tensor, balance: Tensor) -> Tensor:
        """How often each sample [N] is drawn under that balance."""

    @abstractmethod
    def criterion(self, smoothing: float, focal: float, balance: Tensor | None) -> nn.Module:
        """The training loss: (logits, blendable targets, weights [N], total weight of the batch) -> a scalar."""

    @abstractmethod
    def blendable(self, targets: Tensor) -> Tensor:
        """Targets as floats [N, ...] that can be averaged over samples, as the criterion takes them."""

    @abstractmethod
    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The plain loss of each sample [N], by which phases and recipes are compared."""

    @abstractmethod
    def figures(self, logits: Tensor, targets: Tensor) -> Tensor:
        """What `figure` averages over samples: [N]."""

    @abstractmethod
    def answer(self, logits: Tensor, temperature: Tensor) -> Tensor:
        """What the package says: [N, columns]."""


def objectives_of(tasks: Mapping[str, Task]) -> dict[str, Objective]:
    """The objective of each task, by name.

    Raises:
        RecipeError: no objective answers a task of that kind.
    """
    for name, task in tasks.items():
        if task.kind not in Objective.kinds:
            raise RecipeError(
                f"task {name!r}: nothing learns the kind {task.kind!r} yet; choose {', '.join(Objective.kinds)}"
            )
    return {name: Objective.kinds[task.kind](task) for name, task in tasks.items()}

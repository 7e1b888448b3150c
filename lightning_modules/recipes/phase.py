"""A phase: one stretch of training in which the same parameters learn."""

from dataclasses import dataclass
from typing import Literal

Learns = Literal["weights", "norms", "biases", "adapters"]


@dataclass(frozen=True)
class Phase:
    """What learns for how long; a recipe is a list of phases, and each is trained, resumed and cached by itself.

    Stages from `first` up to, but not including, `last` learn; the head always does. Whatever lies before `first` is
    frozen, so that its activations need to be computed only once.
    """

    name: str
    epochs: int
    learning_rate: float | Literal["find"]
    first: int
    last: int
    learns: Learns = "weights"

    @property
    def head_alone(self) -> bool:
        """Whether no stage learns."""
        return self.first == self.last


def head_phase(stages: int, epochs: int, learning_rate: float | Literal["find"]) -> Phase:
    """The phase in which the head learns from the embedding of the frozen backbone."""
    return Phase("head", epochs, learning_rate, stages, stages)

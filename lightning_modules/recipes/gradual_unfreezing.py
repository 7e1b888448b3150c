"""Gradual unfreezing: the head first, then stage after stage from the last to the first (arXiv 1801.06146)."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import Rate
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.probe import ProbedRecipe


class GradualUnfreezingRecipe(ProbedRecipe):
    """Each phase adds stages at the boundary that moves down; BatchNorm keeps its statistics unless told otherwise."""

    kind: Literal["gradual_unfreezing"]
    step: int = Field(1, ge=1, description="stages that each phase adds")
    epochs_per_phase: int = Field(1, ge=1, description="passes before the next stages join")
    epochs: int = Field(4, ge=1, description="most passes once all stages learn")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    layer_decay: float = Field(0.8, gt=0, le=1, description="factor of the rate from each stage to the one before it")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then one phase for each boundary down to the image."""
        boundaries = [*range(stages - self.step, 0, -self.step), 0]
        return self.probe(stages), *(self._phase(first, stages) for first in boundaries)

    def _phase(self, first: int, stages: int) -> Phase:
        epochs = self.epochs_per_phase if first else self.epochs
        return Phase(f"from {first}" if first else "all", epochs, self.learning_rate, first, stages)

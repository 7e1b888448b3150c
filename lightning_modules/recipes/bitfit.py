"""BitFit: the biases learn, and the head (arXiv 2106.10199)."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import Rate
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.probe import ProbedRecipe


class BitFitRecipe(ProbedRecipe):
    """The probe, then head and biases; BatchNorm keeps its statistics unless told otherwise."""

    kind: Literal["bitfit"]
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(1e-3, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the biases of all stages with it."""
        return self.probe(stages), Phase("biases", self.epochs, self.learning_rate, 0, stages, "biases")

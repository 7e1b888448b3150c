"""Partial fine-tuning: the last stages learn, from cached activations of the frozen ones before them."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import Rate, check_stages
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.probe import ProbedRecipe


class PartialRecipe(ProbedRecipe):
    """The probe, then head and last stages; BatchNorm keeps its statistics unless told otherwise."""

    kind: Literal["partial"]
    stages: int = Field(2, ge=1, description="how many of the last stages learn")
    epochs: int = Field(15, ge=1, description="most passes over the cached activations after the probe")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    patience: int = Field(5, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the last stages with it."""
        first = stages - check_stages(self.kind, self.stages, stages)
        return self.probe(stages), Phase(f"last {self.stages}", self.epochs, self.learning_rate, first, stages)

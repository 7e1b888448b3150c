"""Surgical fine-tuning: the first stages learn, which suits inputs that look different (arXiv 2210.11466)."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import Rate, check_stages
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.probe import ProbedRecipe


class SurgicalRecipe(ProbedRecipe):
    """The probe, then head and first stages; BatchNorm keeps its statistics unless told otherwise."""

    kind: Literal["surgical"]
    stages: int = Field(2, ge=1, description="how many of the first stages learn")
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the first stages with it."""
        last = check_stages(self.kind, self.stages, stages)
        return self.probe(stages), Phase(f"first {last}", self.epochs, self.learning_rate, 0, last)

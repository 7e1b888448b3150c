"""LP-FT: a linear probe, then full fine-tuning from it (arXiv 2202.10054)."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import Rate
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.probe import ProbedRecipe


class LpFtRecipe(ProbedRecipe):
    """The probe on cached features, then all stages; BatchNorm keeps its statistics unless told otherwise."""

    kind: Literal["lp_ft"]
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then everything."""
        return self.probe(stages), Phase("all", self.epochs, self.learning_rate, 0, stages)

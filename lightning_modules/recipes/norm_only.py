"""Norm-only: the scales and shifts of the normalisation layers learn, and the head (arXiv 2003.00152)."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import Rate
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.probe import ProbedRecipe


class NormOnlyRecipe(ProbedRecipe):
    """The probe, then head and norms; BatchNorm follows the batches, which suits inputs that look different."""

    kind: Literal["norm_only"]
    batch_norm: Literal["train", "frozen"] = Field(
        "train", description="whether BatchNorm of the learning stages follows the batches or keeps its statistics"
    )
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(1e-3, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the norms of all stages with it."""
        return self.probe(stages), Phase("norms", self.epochs, self.learning_rate, 0, stages, "norms")

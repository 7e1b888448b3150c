"""Full fine-tuning: backbone and head learn together."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import BackboneRecipe, Rate
from lightning_modules.recipes.phase import Phase


class FullRecipe(BackboneRecipe):
    """All stages learn at once; BatchNorm follows the batches."""

    kind: Literal["full"]
    epochs: int = Field(8, ge=1, description="most passes over the training images")
    learning_rate: Rate = Field(5e-4, description="AdamW's rate at its peak; `find`: by a learning-rate range test")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before it stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """Everything from the start."""
        return (Phase("all", self.epochs, self.learning_rate, 0, stages),)

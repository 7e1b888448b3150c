"""Linear probe: the backbone stays as it is, a linear head learns from its cached features."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import HeadRecipe, Rate
from lightning_modules.recipes.phase import Phase, head_phase


class LinearProbeRecipe(HeadRecipe):
    """Logistic regression by AdamW on standardised features; BatchNorm keeps its statistics."""

    kind: Literal["linear_probe"]
    epochs: int = Field(60, ge=1, description="most passes over the training features")
    batch_size: int = Field(128, ge=2, description="samples a step, over all devices")
    learning_rate: Rate = Field(5e-4, description="AdamW's rate at its peak; `find`: by a learning-rate range test")
    weight_decay: float = Field(0.1, ge=0, description="AdamW's decay of the head's weights")
    schedule: Literal["cosine", "one_cycle"] = Field("one_cycle", description="how the rate falls after its warm-up")
    patience: int = Field(10, ge=1, description="epochs without a better validation loss before it stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head alone."""
        return (head_phase(stages, self.epochs, self.learning_rate),)

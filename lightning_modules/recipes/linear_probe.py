"""Linear probe: the backbone stays as it is, a linear head learns from its cached features."""

from typing import ClassVar, Literal

from pydantic import Field

from data.typed import Config


class LinearProbeRecipe(Config):
    """Logistic regression by AdamW on standardised features; the best epoch by validation loss is kept."""

    inputs: ClassVar[Literal["features"]] = "features"

    kind: Literal["linear_probe"]
    epochs: int = Field(60, ge=1, description="most passes over the training features")
    batch_size: int = Field(128, ge=1, description="samples a step")
    learning_rate: float = Field(5e-4, gt=0, description="AdamW's rate at its peak")
    weight_decay: float = Field(0.1, ge=0, description="AdamW's decay of the head's weights")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the label spread over all classes")
    patience: int = Field(10, ge=1, description="epochs without a better validation loss before it stops")

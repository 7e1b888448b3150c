"""Full fine-tuning: backbone and head learn together."""

from typing import ClassVar, Literal

from pydantic import Field

from data.typed import Config


class FullRecipe(Config):
    """AdamW with warm-up and cosine; BatchNorm statistics follow the training batches."""

    inputs: ClassVar[Literal["images"]] = "images"

    kind: Literal["full"]
    epochs: int = Field(8, ge=1, description="most passes over the training images")
    batch_size: int = Field(32, ge=2, description="samples a step; BatchNorm needs two")
    learning_rate: float = Field(5e-4, gt=0, description="AdamW's rate at its peak")
    weight_decay: float = Field(0.05, ge=0, description="AdamW's decay")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the label spread over all classes")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before it stops")

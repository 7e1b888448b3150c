"""Recipes in which few parameters of every stage learn: norms, biases, or low-rank adapters."""

from typing import Literal

from pydantic import Field, model_validator

from lightning_modules.recipes.base import ProbedRecipe, Rate
from lightning_modules.recipes.phase import Phase


class NormOnlyRecipe(ProbedRecipe):
    """Norm-only: scales and shifts of the normalisation layers learn, and the head (arXiv 2003.00152).

    The probe, then head and norms; BatchNorm follows the batches, which suits inputs that look different.
    """

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


class BitFitRecipe(ProbedRecipe):
    """BitFit: the biases learn, and the head (arXiv 2106.10199).

    The probe, then head and biases; BatchNorm keeps its statistics unless told otherwise.
    """

    kind: Literal["bitfit"]
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(1e-3, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the biases of all stages with it."""
        return self.probe(stages), Phase("biases", self.epochs, self.learning_rate, 0, stages, "biases")


class LoraRecipe(ProbedRecipe):
    """LoRA: low-rank updates of layers learn, and are merged at the end (arXiv 2106.09685).

    The probe, then head and adapters; BatchNorm keeps its statistics unless told otherwise.
    """

    kind: Literal["lora"]
    rank: int = Field(8, ge=1, description="rank of each update")
    alpha: float = Field(16.0, gt=0, description="an update counts alpha / rank times")
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(1e-3, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    @model_validator(mode="after")
    def _no_pull(self) -> "LoraRecipe":
        if self.l2_sp:
            raise ValueError("l2_sp pulls weights, and those stay where they are; use weight_decay for the adapters")
        return self

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the adapters of all stages with it."""
        return self.probe(stages), Phase("adapters", self.epochs, self.learning_rate, 0, stages, "adapters")

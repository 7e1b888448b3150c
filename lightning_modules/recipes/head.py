"""Recipes in which the head alone changes: the backbone stays as it is, and its features are read from the cache.

Only their heads are fitted anew once validation has chosen: a backbone that learned has seen the training labels, so
that its features of those samples could not tell how sure a head may be, short of fine-tuning it once a fold.
"""

from typing import ClassVar, Literal

from pydantic import Field

from lightning_modules.recipes.base import HeadRecipe, Rate
from lightning_modules.recipes.phase import Phase, head_phase
from settings.config import Config


class FrozenRecipe(Config):
    """The option of recipes whose heads learn from features that no label has touched."""

    refit: int = Field(
        1000,
        ge=0,
        description="most training and validation samples together on which the head, once validation has chosen, is "
        "fitted anew; 0: never",
    )


class LinearProbeRecipe(HeadRecipe, FrozenRecipe):
    """Linear probe: the backbone stays as it is, a linear head learns from its cached features.

    Logistic regression by AdamW on standardised features; BatchNorm keeps its statistics.
    """

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


class PrototypeRecipe(FrozenRecipe):
    """Prototypes: a sample is of the class whose mean feature it is closest to; for a handful of samples a class.

    L2-normalised class means of cached features (arXiv 1904.04232); nothing is trained by gradient.
    """

    head: ClassVar[Literal["linear", "cosine"]] = "cosine"

    kind: Literal["prototype"]

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """None: the head is computed."""
        return ()

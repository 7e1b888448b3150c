"""The probe that comes before fine-tuning in recipes whose head should be right before it moves the backbone."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import BackboneRecipe, Rate
from lightning_modules.recipes.phase import Phase, head_phase


class ProbedRecipe(BackboneRecipe):
    """A linear probe first: a random head would send large, useless gradients into pretrained weights.

    BatchNorm keeps its statistics by default, since those of the batches would shift the features under a head that
    was fitted to them.
    """

    batch_norm: Literal["train", "frozen"] = Field(
        "frozen", description="whether BatchNorm of the learning stages follows the batches or keeps its statistics"
    )
    probe_epochs: int = Field(30, ge=1, description="most passes over the features in the probe")
    probe_learning_rate: Rate = Field(1e-3, description="AdamW's rate in the probe")

    def probe(self, stages: int) -> Phase:
        """The phase in which the head alone learns."""
        return head_phase(stages, self.probe_epochs, self.probe_learning_rate)

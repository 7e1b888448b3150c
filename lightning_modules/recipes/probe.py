"""The probe that comes before fine-tuning in recipes whose head should be right before it moves the backbone."""

from pydantic import Field

from lightning_modules.recipes.base import BackboneRecipe, Rate
from lightning_modules.recipes.phase import Phase, head_phase


class ProbedRecipe(BackboneRecipe):
    """A linear probe first: a random head would send large, useless gradients into pretrained weights."""

    probe_epochs: int = Field(30, ge=1, description="most passes over the features in the probe")
    probe_learning_rate: Rate = Field(1e-3, description="AdamW's rate in the probe")

    def probe(self, stages: int) -> Phase:
        """The phase in which the head alone learns."""
        return head_phase(stages, self.probe_epochs, self.probe_learning_rate)

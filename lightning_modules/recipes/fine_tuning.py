"""Recipes in which whole stages learn: all at once, after a probe, the last, the first, or one after the other."""

from typing import Literal

from pydantic import Field

from lightning_modules.recipes.base import BackboneRecipe, ProbedRecipe, Rate, check_stages
from lightning_modules.recipes.phase import Phase


class FullRecipe(BackboneRecipe):
    """Full fine-tuning: backbone and head learn together.

    All stages learn at once; BatchNorm follows the batches.
    """

    kind: Literal["full"]
    epochs: int = Field(8, ge=1, description="most passes over the training images")
    learning_rate: Rate = Field(5e-4, description="AdamW's rate at its peak; `find`: by a learning-rate range test")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before it stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """Everything from the start."""
        return (Phase("all", self.epochs, self.learning_rate, 0, stages),)


class LpFtRecipe(ProbedRecipe):
    """LP-FT: a linear probe, then full fine-tuning from it (arXiv 2202.10054).

    The probe on cached features, then all stages; BatchNorm keeps its statistics unless told otherwise.
    """

    kind: Literal["lp_ft"]
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then everything."""
        return self.probe(stages), Phase("all", self.epochs, self.learning_rate, 0, stages)


class PartialRecipe(ProbedRecipe):
    """Partial fine-tuning: the last stages learn, from cached activations of the frozen ones before them.

    The probe, then head and last stages; BatchNorm keeps its statistics unless told otherwise.
    """

    kind: Literal["partial"]
    stages: int = Field(2, ge=1, description="how many of the last stages learn")
    epochs: int = Field(15, ge=1, description="most passes over the cached activations after the probe")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    patience: int = Field(5, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the last stages with it."""
        first = stages - check_stages(self.kind, self.stages, stages)
        return self.probe(stages), Phase(f"last {self.stages}", self.epochs, self.learning_rate, first, stages)


class SurgicalRecipe(ProbedRecipe):
    """Surgical fine-tuning: the first stages learn, which suits inputs that look different (arXiv 2210.11466).

    The probe, then head and first stages; BatchNorm keeps its statistics unless told otherwise.
    """

    kind: Literal["surgical"]
    stages: int = Field(2, ge=1, description="how many of the first stages learn")
    epochs: int = Field(8, ge=1, description="most passes over the training images after the probe")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then the first stages with it."""
        last = check_stages(self.kind, self.stages, stages)
        return self.probe(stages), Phase(f"first {last}", self.epochs, self.learning_rate, 0, last)


class GradualUnfreezingRecipe(ProbedRecipe):
    """Gradual unfreezing: the head, then stage after stage from the last to the first (arXiv 1801.06146).

    Each phase adds stages at the boundary that moves down; BatchNorm keeps its statistics unless told otherwise.
    """

    kind: Literal["gradual_unfreezing"]
    step: int = Field(1, ge=1, description="stages that each phase adds")
    epochs_per_phase: int = Field(1, ge=1, description="passes before the next stages join")
    epochs: int = Field(4, ge=1, description="most passes once all stages learn")
    learning_rate: Rate = Field(5e-5, description="AdamW's rate at its peak after the probe")
    layer_decay: float = Field(0.8, gt=0, le=1, description="factor of the rate from each stage to the one before it")
    patience: int = Field(4, ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The head, then one phase for each boundary down to the image."""
        boundaries = [*range(stages - self.step, 0, -self.step), 0]
        return self.probe(stages), *(self._phase(first, stages) for first in boundaries)

    def _phase(self, first: int, stages: int) -> Phase:
        epochs = self.epochs_per_phase if first else self.epochs
        return Phase(f"from {first}" if first else "all", epochs, self.learning_rate, first, stages)

"""What recipes share: how the head is trained, and, where the backbone learns as well, how that is kept in bounds."""

from typing import ClassVar, Literal

from pydantic import Field

from lightning_modules.errors import RecipeError
from lightning_modules.recipes.phase import Phase, head_phase
from settings.config import Config

Rate = float | Literal["find"]


class HeadRecipe(Config):
    """Options of every recipe that trains by gradient."""

    head: ClassVar[Literal["linear", "cosine"]] = "linear"

    epochs: int = Field(ge=1, description="most passes over the training samples in the main phase")
    batch_size: int = Field(32, ge=2, description="samples a step, over all devices")
    accumulate: int = Field(1, ge=1, description="batches whose gradients are averaged for one step")
    learning_rate: Rate = Field(description="AdamW's rate at its peak; `find`: by a learning-rate range test")
    schedule: Literal["cosine", "one_cycle"] = Field("cosine", description="how the rate falls after its warm-up")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the steps in which the rate rises")
    weight_decay: float = Field(0.05, ge=0, description="AdamW's decay; norms and biases have none")
    clip: float = Field(0.0, ge=0, description="largest norm of a gradient; 0: no clipping")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the label spread over all classes")
    focal: float = Field(0.0, ge=0, description="exponent of the focal loss (arXiv 1708.02002); 0: cross-entropy")
    balance: Literal["none", "loss", "sampler"] = Field("none", description="how rare classes are made to count more")
    mixup: float = Field(0.0, ge=0, description="alpha of mixup (arXiv 1710.09412); 0: off")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of the embedding dropped before the head")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the moving average of the weights; 0: off")
    soup: int = Field(1, ge=1, description="checkpoints averaged at the end, if that is better on the validation split")
    patience: int = Field(ge=1, description="epochs without a better validation loss before a phase stops")

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """The phases on a backbone of that many stages.

        Raises:
            RecipeError: the recipe asks for stages that the backbone has not.
        """
        raise NotImplementedError


class BackboneRecipe(HeadRecipe):
    """Options of recipes in which stages of the backbone learn."""

    layer_decay: float = Field(1.0, gt=0, le=1, description="factor of the rate from each stage to the one before it")
    l2_sp: float = Field(0.0, ge=0, description="pull towards the pretrained weights (arXiv 1802.01483); 0: off")
    drop_path: float = Field(0.0, ge=0, lt=1, description="share of residual branches dropped, growing with depth")
    cutmix: float = Field(0.0, ge=0, description="alpha of cutmix (arXiv 1905.04899); 0: off")
    batch_norm: Literal["train", "frozen"] = Field(
        "train", description="whether BatchNorm of the learning stages follows the batches or keeps its statistics"
    )
    views: int = Field(8, ge=0, description="augmented views whose frozen activations are cached; 0: no cache")


class ProbedRecipe(BackboneRecipe):
    """Options of recipes whose head should be right before it moves the backbone.

    A linear probe first: a random head would send large, useless gradients into pretrained weights.

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


def check_stages(kind: str, wanted: int, stages: int) -> int:
    """The number of stages asked for.

    Raises:
        RecipeError: the backbone has fewer.
    """
    if wanted > stages:
        raise RecipeError(f"recipe {kind}: stages is {wanted}, the backbone has {stages}; choose 1 to {stages}")
    return wanted

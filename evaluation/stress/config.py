"""What a domain decides about its stress tests: the `stress:` section of its YAML."""

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from settings.config import Config

CorruptionName = Literal["noise", "blur", "brightness", "contrast", "jpeg", "occlusion", "rotation"]
CORRUPTIONS: tuple[CorruptionName, ...] = get_args(CorruptionName)
STRONGEST = 5

Severity = Annotated[int, Field(ge=1, le=STRONGEST)]
Budget = Annotated[float, Field(ge=0.01, le=255)]


class StressConfig(Config):
    """Which disturbances a model is shown, and how many samples each sees; reported, never a reason to reject."""

    corruptions: list[CorruptionName] = Field(
        list(CORRUPTIONS), description="those that the sensor can suffer; none: no corruption test"
    )
    severities: list[Severity] = Field([1, 3, 5], min_length=1, description="steps of the ladder, 1 (weak) to 5")
    samples: int = Field(100, ge=2, description="test samples that every corruption and severity is tried on")
    budgets: list[Budget] = Field(
        [0.5, 1.0, 2.0], description="largest change of a pixel by an attack, in steps of 1/255; none: no attack"
    )
    attacked_samples: int = Field(16, ge=2, description="test samples that are attacked")
    pgd_steps: int = Field(5, ge=1, le=1000, description="gradient steps of one PGD attack; FGSM takes one")
    explained_samples: int = Field(
        8, ge=0, description="worst errors whose saliency is drawn, and as many random samples; 0: no saliency"
    )
    seed: int = Field(0, ge=0, description="seed of the choice of samples, the corruptions and the attacks")

    @field_validator("corruptions", "severities", "budgets")
    @classmethod
    def _different(cls, values: list[object]) -> list[object]:
        if len(set(values)) != len(values):
            raise ValueError("an entry stands there twice; name each once")
        return values

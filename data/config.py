"""The `data:` section of a domain YAML: what a domain's samples are and how they are prepared."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.sources import Source
from data.specs.image import ImageSpec
from settings.config import Config, load_yaml
from settings.errors import ConfigError


class TaskConfig(Config):
    """One question asked about a sample."""

    kind: str = Field("classification", pattern="^classification$", description="what the head predicts")
    classes: tuple[str, ...] = Field(
        min_length=2, description="the labels; with two of them the last is the positive one"
    )

    @model_validator(mode="after")
    def _distinct(self) -> "TaskConfig":
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes must differ from each other; remove the repeated one")
        return self


class SplitConfig(Config):
    """Shares of the three splits; groups stay together and keep their split for ever."""

    validation: float = Field(0.2, gt=0, lt=1, description="share for early stopping, selection and calibration")
    test: float = Field(0.2, gt=0, lt=1, description="share for the evidence, seen by nothing else")
    stratify: tuple[str, ...] = Field((), description="slices to balance over the splits, besides the label")
    seed: int = Field(0, ge=0, description="order in which groups of equal size are assigned")

    @model_validator(mode="after")
    def _leaves_training(self) -> "SplitConfig":
        if self.validation + self.test >= 1:
            raise ValueError("validation + test must be below 1, so that something is left to train on")
        return self


class ExpectationsConfig(Config):
    """Bounds that a row or a batch must keep."""

    min_side: int = Field(8, ge=1, description="smallest width and height, pixels")
    max_pixels: int = Field(
        50_000_000, ge=1, description="largest width x height; more is refused before it is decoded"
    )
    brightness: tuple[float, float] = Field((1.0, 254.0), description="range of the mean grey value, 0 to 255")
    max_quarantined: float = Field(0.1, ge=0, le=1, description="largest share of bad rows before the batch is stopped")
    min_per_class: int = Field(3, ge=3, description="fewest accepted samples of a class: one for each split")

    @model_validator(mode="after")
    def _ordered(self) -> "ExpectationsConfig":
        if self.brightness[0] >= self.brightness[1]:
            raise ValueError("brightness must be [darkest, brightest]; put the lower bound first")
        return self


class DataConfig(Config):
    """Everything about a domain's data."""

    source: Source = Field(
        description="where samples come from; feedback labels are read besides it", discriminator="kind"
    )
    tasks: dict[str, TaskConfig] = Field(min_length=1, max_length=1, description="the question asked, by name")
    split: SplitConfig = Field(SplitConfig(), description="train, validation and test")
    licence: str = Field("", description="licence of the data, an SPDX identifier if there is one; for the cards")
    transform: ImageSpec = Field(ImageSpec(), description="decode, resize and crop")
    expectations: ExpectationsConfig = Field(ExpectationsConfig(), description="what validation demands")

    @property
    def task(self) -> str:
        """Name of the task."""
        return next(iter(self.tasks))

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels of the task, in the order of the model's outputs."""
        return self.tasks[self.task].classes


class _DataOnly(BaseModel):
    """Reads the `data:` section and leaves the other rooms' sections to them."""

    model_config = ConfigDict(extra="ignore")
    data: DataConfig


def domain_path(root: Path, name: str) -> Path:
    """Path of a domain's YAML.

    Raises:
        ConfigError: there is no such domain below `root`.
    """
    path = root / "domains" / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.yaml"))) or "none"
        raise ConfigError(
            f"domain {name!r} does not exist in {path.parent} (there: {known}); make it with `regraft new {name}`"
        )
    return path


def load_data_config(root: Path, name: str) -> DataConfig:
    """Reads the `data:` section of one domain.

    Raises:
        ConfigError: the domain does not exist or its section is wrong.
    """
    return load_yaml(domain_path(root, name), _DataOnly).data

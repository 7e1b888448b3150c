"""The `data:` section of a domain YAML: what a domain's samples are and how they are prepared."""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, field_validator, model_validator

from data.naming import check_domain_name
from data.sources import Source
from data.specs.image import ImageSpec
from data.specs.spec import AnySpec, Expectations
from data.targets.task import AnyTask
from settings.config import Config
from settings.errors import ConfigError
from settings.yaml_files import load_yaml

if TYPE_CHECKING:
    import pandas as pd


class SplitConfig(Config):
    """Shares of the three splits; groups stay together, and nothing changes its split unasked."""

    validation: float = Field(0.2, gt=0, lt=1, description="share for early stopping, selection and calibration")
    test: float = Field(0.2, gt=0, lt=1, description="share for the evidence, seen by nothing else")
    stratify: tuple[str, ...] = Field((), description="slices to balance over the splits, besides the label")
    seed: int = Field(0, ge=0, description="order in which groups of equal size are assigned")

    @model_validator(mode="after")
    def _leaves_training(self) -> "SplitConfig":
        if self.validation + self.test >= 1:
            raise ValueError("validation + test must be below 1, so that something is left to train on")
        return self


class DataConfig(Config):
    """Everything about a domain's data."""

    source: Source = Field(
        description="where samples come from; feedback labels are read besides it", discriminator="kind"
    )
    tasks: dict[str, AnyTask] = Field(min_length=1, max_length=1, description="the question asked, by name")
    split: SplitConfig = Field(SplitConfig(), description="train, validation and test")
    licence: str = Field("", description="licence of the data, an SPDX identifier if there is one; for the cards")
    transform: AnySpec = Field(ImageSpec(), description="what a sample is, and how it becomes an array")
    expectations: SerializeAsAny[Expectations] = Field(
        default_factory=dict, validate_default=True, description="what validation demands"
    )

    @field_validator("expectations", mode="before")
    @classmethod
    def _of_kind(cls, given: Any, info: ValidationInfo) -> Any:
        """Bounds depend on the kind of sample; where that is wrong, it is fault enough."""
        kind = type(info.data.get("transform", ImageSpec())).expectations
        return kind.model_validate_json(json.dumps(given)) if isinstance(given, dict) else given

    @property
    def headline(self) -> str:
        """Name of the task by which splits are balanced and versions compared."""
        return next(iter(self.tasks))

    def answers(self, table: "pd.DataFrame") -> "pd.Series[str]":
        """What a table of samples says to that task."""
        from data.stores.manifest import LABEL  # pyarrow, which those who only look need not

        return table[LABEL + self.headline]


class _DataOnly(BaseModel):
    """Reads the `data:` section and leaves the other rooms' sections to them."""

    model_config = ConfigDict(extra="ignore")
    data: DataConfig


def domain_path(root: Path, name: str) -> Path:
    """Path of a domain's YAML.

    Raises:
        ConfigError: there is no such domain below `root`, or none can have that name.
    """
    check_domain_name(name)
    path = root / "domains" / f"{name}.yaml"
    if not path.is_file():
        require_project(root)
        there = sorted(found.stem for found in path.parent.glob("*.yaml"))
        meant = [f"say {near!r}, if that was meant, or " for near in get_close_matches(name, there, 1)]
        raise ConfigError(
            f"domain {name!r} does not exist in {path.parent} (there: {', '.join(there) or 'none'}); "
            f"{''.join(meant)}make it with `regraft new {name}`"
        )
    return path


def require_project(root: Path) -> None:
    """Raises ConfigError where a folder is no project, before anything is written there."""
    if not (root / "dvc.yaml").is_file():
        raise ConfigError(f"{root} is no project (it has no dvc.yaml); run `regraft init` there, or go to your project")


def load_data_config(root: Path, name: str) -> DataConfig:
    """Reads the `data:` section of one domain.

    Raises:
        ConfigError: the domain does not exist or its section is wrong.
    """
    return load_yaml(domain_path(root, name), _DataOnly).data

"""The `training:` section of a domain YAML, and the configuration of one fit process."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, ValidationError

from data.targets.task import AnyTask, Task
from lightning_modules.hub.backbones import Pretrained
from lightning_modules.inputs.augmentation import AugmentationConfig
from lightning_modules.recipes import Recipe
from lightning_modules.recipes.head import FrozenRecipe
from settings.config import Config
from settings.errors import ConfigError
from settings.machine import TrainerSettings
from settings.yaml_files import load_yaml


def _named(recipe: Any) -> Any:
    return {"kind": recipe} if isinstance(recipe, str) else recipe


class TrainingConfig(Config):
    """What a domain decides about training."""

    backbone: str = Field(description="name in the model hub")
    recipe: Annotated[Recipe, Field(discriminator="kind"), BeforeValidator(_named)] = Field(
        description="how the backbone is adapted: a recipe's name, or its kind and options"
    )
    augmentation: AugmentationConfig = Field(AugmentationConfig(), description="how training images may change")
    pretrained: bool = Field(default=True, description="false: from scratch, to see what the pretrained weights bring")
    seed: int = Field(0, ge=0, description="of everything stochastic in training")


def with_recipe(training: TrainingConfig, kind: str) -> TrainingConfig:
    """The same training with the recipe of that name: the domain's own options if it is its own, else the defaults.

    Raises:
        ConfigError: there is no such recipe.
    """
    if kind == training.recipe.kind:
        return training
    try:
        return TrainingConfig.model_validate({**dict(training), "recipe": kind})
    except ValidationError as error:
        known = ", ".join(recipe.model_fields["kind"].annotation.__args__[0] for recipe in get_args(Recipe))
        raise ConfigError(f"recipe {kind!r} does not exist; choose one of {known}") from error


def without_refit(training: TrainingConfig) -> TrainingConfig:
    """The same training with the head left as validation chose it, so that the validation split still compares fits."""
    recipe = training.recipe
    if not isinstance(recipe, FrozenRecipe):
        return training
    return training.model_copy(update={"recipe": recipe.model_copy(update={"refit": 0})})


class FitConfig(Config):
    """Everything that one `python -m lightning_modules.fitting.fit` needs; it reads no other configuration."""

    root: str = Field(description="project root")
    dataset: str = Field(description="folder of the processed data")
    tasks: dict[str, AnyTask] = Field(min_length=1, description="what is learned, by name")
    pretrained: Pretrained = Field(description="the backbone, its weights checked")
    training: TrainingConfig
    output: str = Field(description="folder of checkpoints, progress, weights and result")
    threads: int = Field(ge=1, description="of all processes of this machine together")
    trainer: TrainerSettings = Field(TrainerSettings(), description="the devices")
    run_id: str = Field(description="MLflow run that takes the curves, when the fit goes on after an interruption, too")

    @property
    def folder(self) -> Path:
        """Output folder as a path."""
        return Path(self.output)


def load_fit_config(path: Path) -> FitConfig:
    """Reads a fit configuration.

    Raises:
        ConfigError: a wrong key or value.
    """
    return load_yaml(path, FitConfig)


def fit_key(dataset_version: str, backbone: str, training: TrainingConfig, tasks: Mapping[str, Task]) -> str:
    """Names a fit by what decides its result, so that an interrupted one is found again.

    `backbone` is the key of network, weights and transform (`Pretrained.key`); the data set's hash does not cover the
    order of a task's columns.
    """
    columns = [column for task in tasks.values() for column in task.columns]
    further = [f"{name}:{task.kind}" for name, task in list(tasks.items())[1:]]  # none in keys of earlier releases
    text = "|".join([dataset_version, backbone, training.model_dump_json(), *columns, *further])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def interrupted_run(folder: Path) -> str | None:
    """MLflow run of a fit in `folder` that was not brought to its end; a finished fit's folder is gone.

    What another release of Regraft left there cannot be gone on with and is removed.
    """
    begun = folder / "fit.json"
    try:
        return load_fit_config(begun).run_id if begun.exists() else None
    except ConfigError:
        shutil.rmtree(folder)
        return None

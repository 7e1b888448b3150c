"""A whole domain: the sections that the rooms define, composed."""

from pathlib import Path
from typing import Self
from zoneinfo import available_timezones

from croniter import croniter
from pydantic import Field, field_validator, model_validator

from data.config import DataConfig, domain_path
from evaluation.inference.config import EvaluationConfig
from evaluation.stress.config import StressConfig
from lightning_modules.config import TrainingConfig, with_recipe
from lightning_modules.recipes.head import FrozenRecipe
from monitoring.config import MonitoringConfig
from registry.cards.facts import UNSAID
from registry.gate.config import GateConfig
from serving.abstaining import ServingConfig
from serving.log.config import LogConfig
from settings.config import Config
from settings.errors import ConfigError
from settings.machine import load_settings
from settings.yaml_files import load_yaml


class ScheduleConfig(Config):
    """When a domain's flows run by themselves; a flow without a time runs only when asked."""

    timezone: str = Field("UTC", description="IANA name, such as Europe/Berlin")
    retrain: str | None = Field(None, description="cron of the retrain flow")
    monitor: str | None = Field(None, description="cron of the monitor flow")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("unknown time zone; use an IANA name such as Europe/Berlin")
        return name

    @field_validator("retrain", "monitor")
    @classmethod
    def _cron(cls, cron: str | None) -> str | None:
        # By the parser that Prefect carries, without Prefect, which takes a second to load; it takes no H nor R.
        if cron and (not croniter.is_valid(cron) or {"h", "r"} & {*cron.casefold().split()}):
            raise ValueError("not a cron expression; five fields such as '0 3 * * 0'")
        return cron or None


class DomainFile(Config):
    """The content of domains/NAME.yaml."""

    description: str = Field(description="one sentence for the registry and the cards")
    intended_use: str = Field(
        min_length=1, description="what the model is for, and what it is not for; its card says so"
    )
    data: DataConfig
    training: TrainingConfig
    evaluation: EvaluationConfig = Field(EvaluationConfig(), description="what a version is judged by, besides metrics")
    stress: StressConfig = Field(StressConfig(), description="disturbances that a version is tried on")
    gate: GateConfig = Field(description="what promotion demands")
    monitoring: MonitoringConfig = Field(MonitoringConfig(), description="how production is watched")
    serving: ServingConfig = Field(ServingConfig(), description="how production is answered")
    log: LogConfig = Field(LogConfig(), description="how long what was seen in production is kept")
    schedule: ScheduleConfig = Field(ScheduleConfig(), description="when flows run by themselves")

    @property
    def watched(self) -> MonitoringConfig:
        """How production is watched, with the false alarms that are borne as a share of the checks."""
        return self.monitoring.scheduled(self.schedule.monitor)

    @model_validator(mode="after")
    def _can_watch(self) -> Self:
        self.watched  # noqa: B018 - it raises where a check would alarm never or always
        return self


class Domain(DomainFile):
    """One use case with its name and the root it lives below."""

    name: str
    root: Path

    @property
    def home(self) -> Path:
        """Folder of locks, caches and databases."""
        return load_settings().home

    @property
    def snapshot(self) -> str:
        """The domain file's content as canonical JSON, for the record of a run."""
        return DomainFile(**{field: getattr(self, field) for field in DomainFile.model_fields}).model_dump_json(
            indent=1
        )

    @property
    def purpose(self) -> str:
        """What the registered model is described by."""
        return f"{self.description}\n\nIntended use: {self.intended_use}"


def load_domain(name: str, recipe: str = "") -> Domain:
    """Reads and checks a domain; another recipe than its own is taken with that recipe's defaults.

    Raises:
        ConfigError: it does not exist, a key or value is wrong, or two do not go together.
    """
    root = load_settings().root
    domain = domain_from(name, root, load_yaml(domain_path(root, name), DomainFile))
    if recipe:
        domain = domain.model_copy(update={"training": with_recipe(domain.training, recipe)})
    _require_folds(domain)
    return domain


def _require_folds(domain: Domain) -> None:
    """Raises ConfigError where the gate asks for out-of-fold answers, and the recipe will never have any."""
    training = domain.training
    recipe = training.recipe
    folds = isinstance(recipe, FrozenRecipe) and recipe.refit > 0 and training.pretrained
    if domain.gate.evidence == "out_of_fold" and not folds:
        raise ConfigError(
            f"{domain_path(domain.root, domain.name)}: gate.evidence is out_of_fold, and recipe {recipe.kind} has no "
            "answers out of fold: only a head that is refitted over a pretrained, frozen backbone has; use "
            "linear_probe or prototype with refit above 0, or set gate.evidence to test"
        )


def load_trainable(name: str, recipe: str = "") -> Domain:
    """The same, for what trains a version: refused before it costs anything where none could be registered.

    Raises:
        ConfigError: as `load_domain`, or nobody has said what the model is for.
    """
    domain = load_domain(name, recipe)
    require_purpose(domain)
    return domain


def require_purpose(domain: Domain) -> None:
    """Raises ConfigError where `intended_use` still says what a new domain's file says."""
    if domain.intended_use.strip() == UNSAID:
        raise ConfigError(
            f"{domain_path(domain.root, domain.name)}: intended_use still asks you to say what the model is for, and "
            "what it is not for; say it there, its card needs it"
        )


def domain_from(name: str, root: Path, content: DomainFile) -> Domain:
    """A domain from checked content, as a past run recorded it."""
    return Domain(name=name, root=root, **{field: getattr(content, field) for field in DomainFile.model_fields})


def domain_names(root: Path) -> list[str]:
    """Names of all domains below a project root."""
    return sorted(path.stem for path in (root / "domains").glob("*.yaml"))

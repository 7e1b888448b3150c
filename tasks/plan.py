"""The plan: what one run works on, resolved once and passed whole."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from data.specs.transform import Transform
from data.stages.decode import RawSamples
from data.stores.dataset import Dataset
from lightning_modules.config import TrainingConfig, fit_key
from lightning_modules.hub.backbones import Pretrained, load_pretrained
from registry.cards.lineage import lineage
from settings.machine import Settings, load_settings
from tasks.domain import Domain


@dataclass(frozen=True)
class Prepared:
    """A dataset version, ready for training; `notices` say what of the source is left out."""

    folder: Path
    version: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A domain and a version of its data; all that follows from them is found at its first use and kept."""

    domain: Domain
    prepared: Prepared

    @property
    def name(self) -> str:
        """Name of the domain."""
        return self.domain.name

    @cached_property
    def settings(self) -> Settings:
        """The machine that the run is on."""
        return load_settings()

    @cached_property
    def dataset(self) -> Dataset:
        """The data."""
        return Dataset(self.prepared.folder, self.domain.data.tasks)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Samples of each split."""
        return {str(split): int(count) for split, count in self.dataset.manifest["split"].value_counts().items()}

    @cached_property
    def pretrained(self) -> Pretrained:
        """The backbone, its weights checked.

        Raises:
            BackboneError: the weights are missing or altered, or the hub does not know the backbone.
        """
        return load_pretrained(self.domain.root, self.domain.training.backbone)

    @cached_property
    def transform(self) -> Transform:
        """What samples go through."""
        return self.pretrained.transform(self.dataset.spec)

    @cached_property
    def lineage(self) -> dict[str, str]:
        """Tags by which a run can be traced back and made again."""
        return lineage(self.domain.root, self.prepared.version, self.transform, self.pretrained, self.domain.training)

    @cached_property
    def fit_key(self) -> str:
        """What a fit of this plan is called."""
        backbone, training = self.pretrained.key(self.dataset.spec), self.domain.training
        return fit_key(self.prepared.version, backbone, training, self.domain.data.tasks)

    @property
    def fit_folder(self) -> Path:
        """Where a fit of this plan lies until it is registered."""
        return self.settings.home / "fits" / self.name / self.fit_key

    @property
    def raw(self) -> RawSamples:
        """The files behind the data."""
        return RawSamples(self.domain.root, self.name, self.domain.data)

    def trained_with(self, changed: TrainingConfig) -> "Plan":
        """The same data, trained in another way."""
        return replace(self, domain=self.domain.model_copy(update={"training": changed}))

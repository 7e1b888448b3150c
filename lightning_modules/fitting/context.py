"""What a fit works on: the data set, the network, and the frozen part of it that is computed only once."""

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from timm.layers.norm_act import convert_sync_batchnorm
from torch import Tensor

from data.stores.dataset import Dataset
from lightning_modules.config import FitConfig
from lightning_modules.fitting.progress import write_caching
from lightning_modules.fitting.trainer import on_gpu
from lightning_modules.hub.backbones import Backbone, load_backbone
from lightning_modules.inputs.activations import PLAIN, Prefix, Views
from lightning_modules.inputs.datamodule import PhaseData
from lightning_modules.network.network import Network, pretrained_network
from lightning_modules.network.stages import stage_names
from lightning_modules.objectives.loss import balanced_weights
from lightning_modules.recipes.base import BackboneRecipe, HeadRecipe
from lightning_modules.recipes.phase import Phase

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Materials:
    """Everything that the phases of one fit share."""

    config: FitConfig

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset version."""
        return Dataset(Path(self.config.dataset), self.config.task, self.config.classes)

    @cached_property
    def card(self) -> Backbone:
        """The backbone's entry in the hub."""
        return load_backbone(Path(self.config.root), self.config.training.backbone)

    @cached_property
    def network(self) -> Network:
        """The network that is trained, in the memory format that convolutions are fastest in."""
        made = self._network()
        if self.config.trainer.processes > 1 and on_gpu(self.config.trainer):
            # Lightning's own conversion would drop the activations that timm's BatchNorm layers hold.
            made.backbone = convert_sync_batchnorm(made.backbone)  # type: ignore[no-untyped-call]
        network: Network = made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def _network(self) -> Network:
        """With the backbone's weights, or from scratch with the fit's seed."""
        training, transform = self.config.training, self.card.transform(self.dataset.spec)
        recipe = training.recipe
        options: dict[str, Any] = {
            key: getattr(recipe, key) for key in ("dropout", "drop_path") if hasattr(recipe, key)
        }
        classes = len(self.config.classes)
        torch.manual_seed(training.seed)
        if training.pretrained:
            return pretrained_network(self.card_root, self.card, transform, classes, head=recipe.head, **options)
        options |= {"size": transform.image.size, "head": recipe.head}
        return Network(self.card.architecture, classes, transform.mean, transform.std, **options)

    @cached_property
    def anchor(self) -> dict[str, Tensor]:
        """The backbone's weights before any training, whatever phase a resumed fit begins with."""
        return {name: value.detach() for name, value in self._network().backbone.named_parameters()}

    @cached_property
    def stages(self) -> int:
        """Stages of the backbone."""
        return len(stage_names(self.network.backbone))

    @property
    def card_root(self) -> Path:
        """Where weights and caches are looked for."""
        return Path(self.config.root)

    def prefix(self, boundary: int | None = None) -> Prefix:
        """The frozen stages before a boundary; by default all of them."""
        root = self.card_root
        return Prefix(root, root / ".regraft", self.dataset, self.card, self.config.threads, boundary)

    def features(self, split: str) -> tuple[Tensor, Tensor, Tensor]:
        """Penultimate features [N, D], labels [N] and weights [N] of a split, from the cache."""
        rows = self.dataset.rows(split)
        features = self.prefix().cache().read(list(rows["hash"]))
        weights = torch.from_numpy(rows["weight"].to_numpy("float32"))
        return torch.from_numpy(features), torch.from_numpy(self.dataset.labels(rows)), weights

    def data(self, phase: Phase, *, cached: bool) -> tuple[PhaseData, int]:
        """The batches of a phase and the boundary that their inputs are at: the phase's own if cached, else 0."""
        recipe, seed = self.config.training.recipe, self.config.training.seed
        assert isinstance(recipe, HeadRecipe)  # noqa: S101 - recipes without gradient have no phases
        boundary = phase.first if cached else 0
        prefix = self.prefix(None if phase.head_alone else boundary) if cached else None
        chances = self.class_weights[self.labels] if recipe.balance == "sampler" else None
        data = PhaseData(self.dataset, prefix, self._views(phase), recipe.batch_size, seed, chances, self.report)
        return data, boundary

    def cacheable(self, phase: Phase) -> bool:
        """Whether what the phase leaves frozen is to be cached, and fits into the disk budget."""
        if phase.head_alone and self.config.training.pretrained:
            return True
        views = self._views(phase)
        if phase.first == 0 or not views.count or not self.config.training.pretrained:
            return False
        plain = self.dataset.rows("train", "val")
        room = self.prefix(phase.first).has_room((self.dataset.rows("train"), views), (plain, PLAIN))
        if not room:
            log.warning("the activations of phase %r do not fit into REGRAFT_CACHE_GB: not cached", phase.name)
        return room

    def _views(self, phase: Phase) -> Views:
        """Augmented views: none for the head alone, a few where they are cached, else a new one in every epoch."""
        training = self.config.training
        if phase.head_alone or not isinstance(training.recipe, BackboneRecipe):
            return PLAIN
        return Views(training.augmentation, training.seed, training.recipe.views if phase.first else 0)

    def report(self, done: int, total: int) -> None:
        """Tells the waiting flow how many activations are computed."""
        write_caching(self.config.folder, done, total)

    @cached_property
    def class_weights(self) -> Tensor:
        """Weights [K] that make every class count the same."""
        weights = torch.from_numpy(self.dataset.rows("train")["weight"].to_numpy("float32"))
        return balanced_weights(self.labels, weights, len(self.config.classes))

    @property
    def labels(self) -> Tensor:
        """Class indices of the training samples [N]."""
        return torch.from_numpy(self.dataset.labels(self.dataset.rows("train")))

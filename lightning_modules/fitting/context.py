"""What the phases of one fit share: the data set, the network, and the frozen part of it that is computed only once."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.stores.dataset import Dataset
from lightning_modules.config import FitConfig
from lightning_modules.errors import RecipeError
from lightning_modules.fitting.progress import write_caching
from lightning_modules.fitting.trainer import on_gpu
from lightning_modules.inputs.activations import PLAIN, Prefix, Views
from lightning_modules.inputs.datamodule import PhaseData
from lightning_modules.learning.penalties import L2SP, Penalty
from lightning_modules.network.network import Network, pretrained_network
from lightning_modules.objectives.mixing import Mixing
from lightning_modules.objectives.objective import Labelled, Objective, objectives_of
from lightning_modules.recipes.base import BackboneRecipe, HeadRecipe
from lightning_modules.recipes.phase import Phase

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FitContext:
    """Everything that the phases of one fit share, each made at its first use."""

    config: FitConfig
    resplit: Dataset | None = None  # the same data with other splits

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset version."""
        return self.resplit or Dataset(Path(self.config.dataset), self.config.tasks)

    @cached_property
    def objectives(self) -> dict[str, Objective]:
        """How each task is learned."""
        return objectives_of(self.config.tasks)

    @cached_property
    def network(self) -> Network:
        """The network that is trained, in the memory format that convolutions are fastest in."""
        made = self._network()
        if self.config.trainer.processes > 1 and on_gpu(self.config.trainer):
            made.backbone = made.adapter.synchronised(made.backbone)
        network: Network = made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def _network(self) -> Network:
        """With the backbone's weights, or from scratch with the fit's seed."""
        training, pretrained = self.config.training, self.config.pretrained
        recipe, transform = training.recipe, pretrained.transform(self.dataset.spec)
        options: dict[str, Any] = {
            key: getattr(recipe, key) for key in ("dropout", "drop_path") if hasattr(recipe, key)
        }
        torch.manual_seed(training.seed)
        if training.pretrained:
            return pretrained_network(pretrained, transform, self.objectives, style=recipe.head, **options)
        return Network(pretrained.card, transform, self.objectives, style=recipe.head, **options)

    @cached_property
    def _start(self) -> dict[str, Tensor]:
        """The backbone's weights before any training, whatever phase a resumed fit begins with."""
        return {name: value.detach() for name, value in self._network().backbone.named_parameters()}

    @cached_property
    def stages(self) -> int:
        """Stages of the backbone."""
        return len(self.network.adapter.stages(self.network.backbone))

    def prefix(self, boundary: int | None = None) -> Prefix:
        """The frozen stages before a boundary; by default all of them."""
        config = self.config
        return Prefix(Path(config.root) / ".regraft", self.dataset, config.pretrained, config.threads, boundary)

    def labelled(self, *splits: str) -> dict[str, Labelled]:
        """Penultimate features of splits from the cache, with each task's targets."""
        rows = self.dataset.rows(*splits)
        features = torch.from_numpy(self.prefix().cache().read(list(rows["hash"])))
        weights = torch.from_numpy(rows["weight"].to_numpy("float32"))
        targets = self.dataset.targets(rows)
        return {name: Labelled(features, torch.from_numpy(found), weights) for name, found in targets.items()}

    def data(self, phase: Phase, *, cached: bool) -> tuple[PhaseData, int]:
        """The batches of a phase and the boundary that their inputs are at: the phase's own if cached, else 0."""
        recipe, seed = self.config.training.recipe, self.config.training.seed
        assert isinstance(recipe, HeadRecipe)  # noqa: S101 - recipes without gradient have no phases
        boundary = phase.first if cached else 0
        prefix = self.prefix(None if phase.head_alone else boundary) if cached else None
        chances = self._chances if recipe.balance == "sampler" else None
        data = PhaseData(self.dataset, prefix, self._views(phase), recipe.batch_size, seed, chances, self.report)
        return data, boundary

    def criteria(self, recipe: HeadRecipe) -> dict[str, nn.Module]:
        """The training loss of each task."""
        balance = self._balance if recipe.balance == "loss" else {}
        return {
            name: one.criterion(recipe.label_smoothing, recipe.focal, balance.get(name))
            for name, one in self.objectives.items()
        }

    def mixing(self, recipe: HeadRecipe, phase: Phase) -> Mixing:
        """How samples are blended in a phase.

        Raises:
            RecipeError: the targets of a task cannot be blended.
        """
        deep = isinstance(recipe, BackboneRecipe) and not phase.head_alone
        found = Mixing(recipe.mixup, recipe.cutmix if isinstance(recipe, BackboneRecipe) and deep else 0.0)
        whole = [name for name, one in self.objectives.items() if not one.mixes]
        if whole and (found.mixup or found.cutmix):
            raise RecipeError(f"the targets of task {whole[0]!r} cannot be blended; set mixup and cutmix to 0")
        return found

    def penalties(self, recipe: HeadRecipe, phase: Phase) -> list[Penalty]:
        """What the learning parameters of a phase pay for."""
        if not isinstance(recipe, BackboneRecipe) or phase.head_alone or not recipe.l2_sp:
            return []
        return [L2SP(recipe.l2_sp, self._start)]

    def caching(self, phase: Phase) -> AbstractContextManager[bool]:
        """Whether what the phase leaves frozen is to be cached and fits into the disk budget.

        If so, the room is the phase's while the block runs: another fit that begins meanwhile cannot take it.
        """
        views = self._views(phase)
        if phase.first == 0 or not views.count or not self.config.training.pretrained:
            return nullcontext(enter_result=False)
        if phase.head_alone:  # its features are cached before the first phase begins
            return nullcontext(enter_result=True)
        return self._reserved(phase, views)

    @contextmanager
    def _reserved(self, phase: Phase, views: Views) -> Iterator[bool]:
        """Whether the activations before a phase fit into the disk budget; if so, with the room for them."""
        wanted = (self.dataset.rows("train"), views), (self.dataset.rows("train", "val"), PLAIN)
        with self.prefix(phase.first).reserved(*wanted) as room:
            if not room:
                log.warning("the activations of phase %r do not fit into REGRAFT_CACHE_GB: not cached", phase.name)
            yield room

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
    def _balance(self) -> dict[str, Tensor]:
        """By task, what makes every answer count the same."""
        rows = self.dataset.rows("train")
        weights, targets = torch.from_numpy(rows["weight"].to_numpy("float32")), self.dataset.targets(rows)
        return {name: one.balance(torch.from_numpy(targets[name]), weights) for name, one in self.objectives.items()}

    @property
    def _chances(self) -> Tensor:
        """How often each training sample is drawn, by its answer to the first task: [N]."""
        first = self.dataset.headline
        targets = torch.from_numpy(self.dataset.targets(self.dataset.rows("train"))[first])
        return self.objectives[first].chances(targets, self._balance[first])

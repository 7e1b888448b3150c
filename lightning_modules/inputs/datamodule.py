"""Batches of samples or of cached activations, with the order of every epoch fixed by the seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from torch.utils.data import Dataset as TorchDataset

from data.stores.dataset import Dataset
from data.stores.features import Rows
from lightning_modules.inputs.activations import PLAIN, Prefix, Report, Views

Batch = dict[str, Any]  # inputs, weights and total: tensors; targets: a tensor a task


class Take(NamedTuple):
    """One batch: which samples, in which epoch's view."""

    epoch: int
    positions: list[int]


class Inputs(Protocol):
    """What a network takes of a split's samples."""

    def read(self, positions: list[int], epoch: int) -> Tensor:
        """Inputs [N, ...] at the positions, as the epoch shows them."""


@dataclass(frozen=True)
class Samples:
    """Arrays from the shards; a view a sample is made when it is wanted. `views.count` 0: each epoch has its own."""

    dataset: Dataset
    rows: pd.DataFrame
    views: Views = PLAIN

    def read(self, positions: list[int], epoch: int) -> Tensor:
        """Arrays of the spec [N, ...]."""
        view = epoch % self.views.count if self.views.count else epoch
        return torch.from_numpy(self.views.samples(self.dataset, self.rows.iloc[positions], view))


@dataclass(frozen=True)
class Cached:
    """Activations at a boundary, one memory-mapped view after another."""

    views: tuple[Rows, ...]

    def read(self, positions: list[int], epoch: int) -> Tensor:
        """float32 activations [N, ...]."""
        return torch.from_numpy(self.views[epoch % len(self.views)][positions])


class SplitData(TorchDataset[Batch]):
    """One or more splits; a whole batch is read at once, so that files are touched in one go.

    With several processes each reads its part of a batch; `total` is the weight of the whole of it.
    """

    def __init__(self, dataset: Dataset, rows: pd.DataFrame, inputs: Inputs) -> None:
        self.rows, self.inputs = rows, inputs
        self.targets = {name: torch.from_numpy(found) for name, found in dataset.targets(rows).items()}
        self.weights = torch.from_numpy(rows["weight"].to_numpy(np.float32))
        self.rank, self.processes = 0, 1

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.rows)

    def __getitem__(self, take: Take) -> Batch:
        """This process's part of a batch: inputs, targets and weights, and the weight of the whole batch."""
        part = take.positions[self.rank :: self.processes]
        inputs = self.inputs.read(part, take.epoch)
        total = self.weights[take.positions].sum()
        targets = {name: found[part] for name, found in self.targets.items()}
        return {"inputs": inputs, "targets": targets, "weights": self.weights[part], "total": total}


class SeededBatches(Sampler[Take]):
    """Batches in an order that is a function of (seed, epoch) alone, so that a resumed run sees the same ones."""

    def __init__(self, samples: int, size: int, seed: int, chances: Tensor | None = None) -> None:
        self.samples, self.size, self.seed, self.chances = samples, size, seed, chances
        self.epoch, self.skip, self.processes = 0, 0, 1

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this at the start of every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches an epoch; without a last one that leaves a process one sample or none: BatchNorm cannot use it."""
        left = self.samples % self.size
        return max(1, -(-self.samples // self.size) - (0 < left < 2 * self.processes))

    def __iter__(self) -> Iterator[Take]:
        """Batches of positions; those that a resumed epoch has had already are passed over once."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = self._order(generator).tolist()
        begin, self.skip = self.skip, 0
        for batch in range(begin, len(self)):
            yield Take(self.epoch, order[batch * self.size : (batch + 1) * self.size])

    def _order(self, generator: torch.Generator) -> Tensor:
        if self.chances is None:
            return torch.randperm(self.samples, generator=generator)
        return torch.multinomial(self.chances, self.samples, replacement=True, generator=generator)


class PhaseData(pl.LightningDataModule):
    """Train and validation batches of one phase; the test split is never opened here.

    What lies before the phase's boundary is read from the cache, which the first process fills, or, without a prefix,
    from samples.
    """

    def __init__(
        self,
        dataset: Dataset,
        prefix: Prefix | None,
        views: Views,
        batch_size: int,
        seed: int,
        chances: Tensor | None = None,
        report: Report = lambda done, total: None,
    ) -> None:
        """`report` hears how many activations are computed, of how many."""
        super().__init__()
        self.dataset, self.prefix, self.views, self.report = dataset, prefix, views, report
        self.batches = SeededBatches(len(dataset.rows("train")), batch_size, seed, chances)

    def prepare_data(self) -> None:
        """Fills the cache; Lightning lets one process of a machine do it while the others wait."""
        if self.prefix is not None:
            self.prefix.fill(self.dataset.rows("train"), self.views, self.report)
            self.prefix.fill(self.dataset.rows("train", "val"), progress=self.report)

    def setup(self, stage: str) -> None:
        """Opens the splits."""
        self.train = self._split("train", views=self.views)
        self.validation, self.whole = self._split("val"), self._split("train", "val")

    def train_dataloader(self) -> "DataLoader[Batch]":
        """Shuffled batches."""
        self._share(self.train)
        self.batches.processes = self.train.processes
        return DataLoader(self.train, sampler=self.batches, batch_size=None)

    def val_dataloader(self) -> "DataLoader[Batch]":
        """The validation split in order."""
        self._share(self.validation)
        return self._ordered(self.validation)

    def predict_dataloader(self) -> "DataLoader[Batch]":
        """Training and validation splits in the order of the manifest, all of them in every process."""
        return self._ordered(self.whole)

    def state_dict(self) -> dict[str, Any]:
        """How many batches of the epoch are done."""
        assert self.trainer is not None  # noqa: S101 - Lightning asks only while it trains
        done = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready
        return {"batches": done % len(self.batches)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on behind those batches."""
        self.batches.skip = state["batches"]

    def _share(self, split: SplitData) -> None:
        if self.trainer is not None:
            split.rank, split.processes = self.trainer.global_rank, self.trainer.world_size

    def _split(self, *splits: str, views: Views = PLAIN) -> SplitData:
        rows = self.dataset.rows(*splits)
        if self.prefix is None:
            return SplitData(self.dataset, rows, Samples(self.dataset, rows, views))
        hashes = list(rows["hash"])
        opened = tuple(self.prefix.cache(views, view).open(hashes) for view in range(views.cached))
        return SplitData(self.dataset, rows, Cached(opened))

    @staticmethod
    def _ordered(split: SplitData) -> "DataLoader[Batch]":
        starts = range(0, len(split), 256)
        takes = [Take(0, list(range(start, min(start + 256, len(split))))) for start in starts]
        return DataLoader(split, sampler=takes, batch_size=None)

"""Batches of images from shards, or of cached features, with the order of every epoch fixed by the seed."""

from collections.abc import Iterator

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from torch.utils.data import Dataset as TorchDataset

from data.dataset import Dataset
from data.features import FeatureCache

Batch = dict[str, Tensor]


class SplitData(TorchDataset[Batch]):
    """One or more splits; a whole batch is read at once, so that shards are touched in one go.

    Cached features are small and lie in memory; images are read from the shards when they are wanted.
    """

    def __init__(self, dataset: Dataset, splits: tuple[str, ...], cache: FeatureCache | None) -> None:
        self.dataset, self.rows = dataset, dataset.rows(*splits)
        self.labels = torch.from_numpy(dataset.labels(self.rows))
        self.weights = torch.from_numpy(self.rows["weight"].to_numpy(np.float32))
        self.features = None if cache is None else torch.from_numpy(cache.read(list(self.rows["hash"])))

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.labels)

    def __getitem__(self, positions: list[int]) -> Batch:
        """The samples at the positions: inputs, labels and weights."""
        if self.features is None:
            inputs = torch.from_numpy(self.dataset.images(self.rows.iloc[positions]))
        else:
            inputs = self.features[positions]
        return {"inputs": inputs, "labels": self.labels[positions], "weights": self.weights[positions]}


class SeededBatches(Sampler[list[int]]):
    """Batches in an order that is a function of (seed, epoch) alone, so that a resumed run sees the same ones."""

    def __init__(self, samples: int, size: int, seed: int) -> None:
        self.samples, self.size, self.seed, self.epoch = samples, size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this at the start of every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches an epoch; a last batch of one sample is left out, since BatchNorm cannot use it."""
        return max(1, -(-self.samples // self.size) - (self.samples % self.size == 1))

    def __iter__(self) -> Iterator[list[int]]:
        """Batches of positions."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(self.samples, generator=generator).tolist()
        for batch in range(len(self)):
            yield order[batch * self.size : (batch + 1) * self.size]


class DomainData(pl.LightningDataModule):
    """Train and validation batches of one dataset version; the test split is never opened here."""

    def __init__(self, dataset: Dataset, cache: FeatureCache | None, batch_size: int, seed: int) -> None:
        super().__init__()
        self.batch_size, self.seed = batch_size, seed
        self.train, self.validation = SplitData(dataset, ("train",), cache), SplitData(dataset, ("val",), cache)
        self.whole = SplitData(dataset, ("train", "val"), cache)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled batches."""
        return DataLoader(
            self.train, sampler=SeededBatches(len(self.train), self.batch_size, self.seed), batch_size=None
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """The validation split in order."""
        return self.ordered(self.validation)

    def ordered(self, split: SplitData) -> DataLoader[Batch]:
        """A split in the order of its rows."""
        batches = [list(range(start, min(start + 256, len(split)))) for start in range(0, len(split), 256)]
        return DataLoader(split, sampler=batches, batch_size=None)

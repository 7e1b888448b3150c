"""Embed: penultimate features of a whole data set, which probes, prototypes, ranking and drift read."""

from collections.abc import Callable
from pathlib import Path

from data.stores.dataset import Dataset
from lightning_modules.hub.backbones import Backbone
from lightning_modules.inputs.activations import Prefix


def embed(
    root: Path,
    home: Path,
    dataset: Dataset,
    card: Backbone,
    threads: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Brings the feature cache up to date with the data set; returns how many samples were new.

    Raises:
        BackboneError: the weights are missing or altered.
        StorageError: shards are damaged, the disk refused a write, or the cache's budget is too small.
    """
    return Prefix(root, home, dataset, card, threads).fill(dataset.manifest, progress=progress)

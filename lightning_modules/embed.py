"""Embed: frozen features of a data set, computed once by ONNX Runtime and kept in the feature cache."""

from collections.abc import Callable, Sequence
from pathlib import Path

from data.dataset import Dataset
from data.features import FeatureCache, Features
from data.transforms import TransformSpec
from lightning_modules.hub import Backbone
from lightning_modules.onnx_export import export_onnx, open_session, run_session


def feature_cache(home: Path, sha256: str, transform: TransformSpec) -> FeatureCache:
    """The cache of one backbone's weights under one transform."""
    return FeatureCache(home / "cache" / "features" / f"{sha256[:16]}-{transform.hash[:16]}")


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
        StorageError: shards are damaged or the disk refused a write.
    """
    _, sha256 = card.weights(root)
    transform = card.transform(dataset.spec)
    cache = feature_cache(home, sha256, transform)
    rows = dataset.manifest
    if set(rows["hash"]) <= cache.known().keys():
        return 0
    session = open_session(_frozen_onnx(root, cache.folder, card, transform), threads)

    def compute(positions: Sequence[int]) -> Features:
        return run_session(session, dataset.images(rows.iloc[list(positions)]))[1]

    return cache.fill(list(rows["hash"]), compute, progress)


def _frozen_onnx(root: Path, folder: Path, card: Backbone, transform: TransformSpec) -> Path:
    """The pretrained backbone as ONNX, exported at first use; its head is never read."""
    path = folder / "backbone.onnx"
    if not path.exists():
        from lightning_modules.network import pretrained_network  # torch only for the export

        export_onnx(pretrained_network(root, card, transform, classes=2), transform.image.shape, path)
    return path

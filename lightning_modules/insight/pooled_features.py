"""Pooled activations of every stage and at several image sizes, computed once: what ranking reads.

They are small, a few thousand numbers a sample, and lie in the feature cache by content hash.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image

from data.errors import StorageError
from data.specs.decoding import Array
from data.specs.image import ImageSpec
from data.stores.atomic import write_text
from data.stores.cache_budget import in_use, make_room
from data.stores.dataset import Dataset
from data.stores.features import FeatureCache, Features
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import Backbone
from lightning_modules.network.onnx import export_onnx, open_session, run_session
from settings.machine import load_settings


@dataclass(frozen=True)
class PooledFeatures:
    """One backbone's pooled activations of a data set whose images are shrunk to `size` pixels a side."""

    root: Path
    home: Path
    dataset: Dataset
    card: Backbone
    size: int
    threads: int

    def read(
        self, rows: pd.DataFrame, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> dict[str, Features]:
        """Vectors [N, D] of manifest rows by stage, from the image to the embedding; only what is new is computed.

        Raises:
            BackboneError: the weights are missing or altered, or the backbone does not take this size.
            StorageError: shards are damaged, the disk refused a write, or the cache's budget is too small.
        """
        hashes, cache = list(rows["hash"]), self.cache
        with in_use(cache.folder):
            if cache.missing(hashes) or not self._widths.exists():
                self._fill(rows, progress)
            widths = json.loads(self._widths.read_text(encoding="utf-8"))
            ends = np.cumsum(list(widths.values()))[:-1]
            return dict(zip(widths, np.split(cache.read(hashes), ends, axis=1), strict=True))

    @property
    def cache(self) -> FeatureCache:
        """The cache of this network, this transform and this size."""
        name = f"{self.card.key(self.root, self.dataset.spec)}-pooled{self.size}"
        return FeatureCache(self.home / "cache" / "features" / name)

    @property
    def _widths(self) -> Path:
        """Names and lengths of the vectors that lie side by side in the cache."""
        return self.cache.folder / "stages.json"

    def _fill(self, rows: pd.DataFrame, progress: Callable[[int, int], None]) -> None:
        # The graph is not kept: another size needs another, and features are asked for once.
        with TemporaryDirectory(dir=self.home) as folder:
            session = open_session(self._export(Path(folder) / "pooled.onnx"), self.threads)
            blank = run_session(session, np.zeros((1, *self._shape), np.uint8))
            widths = {output.name: part.shape[1] for output, part in zip(session.get_outputs(), blank, strict=True)}
            self._make_room(len(self.cache.missing(list(rows["hash"]))) * 4 * sum(widths.values()))

            def compute(positions: Sequence[int]) -> Features:
                """The vectors of all stages side by side."""
                images = shrink(self.dataset.images(rows.iloc[list(positions)]), self.size, self.dataset.spec)
                return np.concatenate(run_session(session, images), axis=1)

            self.cache.fill(list(rows["hash"]), compute, progress)
            write_text(self._widths, json.dumps(widths))

    def _export(self, path: Path) -> Path:
        from lightning_modules.insight.pooling import StagePools
        from lightning_modules.network.network import pretrained_network  # torch only for the export

        transform = self.card.transform(self.dataset.spec.model_copy(update={"size": self.size}))
        pools = StagePools(pretrained_network(self.root, self.card, transform, classes=2))
        try:
            export_onnx(pools, self._shape, path, pools.names)
        except (AssertionError, RuntimeError) as error:  # timm checks sizes by assertion, or not before they clash
            reason = str(error).splitlines()[0]
            raise BackboneError(
                f"{self.card.architecture} does not run on {self.size} px ({reason}); rank it at {self.card.input.size}"
            ) from error
        return path

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.size, self.size, self.dataset.spec.shape[2]

    def _make_room(self, needed: int) -> None:
        budget = load_settings().cache_gb
        if not make_room(self.home / "cache" / "features", needed, int(budget * 2**30)):
            raise StorageError(
                f"{needed / 2**20:.3g} MiB of pooled features do not fit into the cache: REGRAFT_CACHE_GB is "
                f"{budget:.3g}; raise it or take fewer samples"
            )


def shrink(images: Array, size: int, spec: ImageSpec) -> Array:
    """Images [N, H, W, C] shrunk to uint8 [N, size, size, C] by the spec's own filter, which Pillow widens to fit."""
    if images.shape[1] == size:
        return images
    resampling = Image.Resampling[spec.interpolation.upper()]
    small = [np.asarray(_as_image(image).resize((size, size), resampling)) for image in images]
    return np.stack(small).reshape(len(images), size, size, images.shape[3])


def _as_image(pixels: Array) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)

"""Pooled activations of every stage and at several image sizes, computed once: what ranking reads.

They are small, a few thousand numbers a sample, and lie in the feature cache by content hash.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import StorageError
from data.specs.image import ImageSpec
from data.specs.spec import Array
from data.stores.atomic import scratch_folder, write_text
from data.stores.cache_budget import in_use, make_room
from data.stores.dataset import Dataset
from data.stores.features import FeatureCache, Features
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import Pretrained
from lightning_modules.network.onnx import export_onnx, open_session, run_session
from settings.machine import load_settings


@dataclass(frozen=True)
class PooledFeatures:
    """One backbone's pooled activations of a data set whose images are brought to `size` pixels a side.

    Smaller ones are made of the stored pixels; larger ones by `decode` from the files, which it is given by hash.
    """

    home: Path
    dataset: Dataset
    pretrained: Pretrained
    size: int
    threads: int
    decode: Callable[["pd.Series[str]", ImageSpec], Array] | None = None

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
        name = f"{self.pretrained.key(self.dataset.spec)}-pooled{self.size}"
        return FeatureCache(self.home / "cache" / "features" / name)

    @property
    def _widths(self) -> Path:
        """Names and lengths of the vectors that lie side by side in the cache."""
        return self.cache.folder / "stages.json"

    def _fill(self, rows: pd.DataFrame, progress: Callable[[int, int], None]) -> None:
        # The graph is not kept: another size needs another, and features are asked for once.
        with scratch_folder(load_settings().scratch, "pooled") as folder:
            session = open_session(self._export(folder / "pooled.onnx"), self.threads)
            blank = run_session(session, self._spec.example()[None])
            widths = {output.name: part.shape[1] for output, part in zip(session.get_outputs(), blank, strict=True)}
            self._make_room(len(self.cache.missing(list(rows["hash"]))) * 4 * sum(widths.values()))

            def compute(positions: Sequence[int]) -> Features:
                """The vectors of all stages side by side."""
                return np.concatenate(run_session(session, self._images(rows.iloc[list(positions)])), axis=1)

            self.cache.fill(list(rows["hash"]), compute, progress)
            write_text(self._widths, json.dumps(widths))

    def _images(self, rows: pd.DataFrame) -> Array:
        if self.size > self._stored.size and self.decode is not None:
            return self.decode(rows["hash"], self._spec)
        return self._stored.shrink(self.dataset.samples(rows), self.size)

    def _export(self, path: Path) -> Path:
        from lightning_modules.insight.pooling import StagePools
        from lightning_modules.network.network import pretrained_network  # torch only for the export

        pools = StagePools(pretrained_network(self.pretrained, self.pretrained.transform(self._spec), {}))
        try:
            export_onnx(pools, self._spec, path, pools.names)
        except (AssertionError, RuntimeError) as error:  # timm checks sizes by assertion, or not before they clash
            reason, card = str(error).splitlines()[0], self.pretrained.card
            raise BackboneError(
                f"{card.architecture} does not run on {self.size} px ({reason}); rank it at {card.input.length}"
            ) from error
        return path

    @property
    def _stored(self) -> ImageSpec:
        """The spec of the shards; only images have sizes to choose from, which the plan of a ranking makes sure of."""
        assert isinstance(self.dataset.spec, ImageSpec)  # noqa: S101
        return self.dataset.spec

    @property
    def _spec(self) -> ImageSpec:
        return self._stored.resized(self.size)

    def _make_room(self, needed: int) -> None:
        budget = load_settings().cache_gb
        if not make_room(self.cache.folder.parent, {self.cache.folder: needed}, int(budget * 2**30)):
            raise StorageError(
                f"{needed / 2**20:.3g} MiB of pooled features do not fit into the cache: REGRAFT_CACHE_GB is "
                f"{budget:.3g}; raise it or take fewer samples"
            )

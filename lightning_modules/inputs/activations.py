"""The frozen prefix: activations at a stage boundary, computed once by ONNX Runtime and kept in the feature cache.

At the last boundary they are the penultimate features that probes, prototypes, ranking and drift read.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from data.errors import StorageError
from data.specs.spec import Array
from data.stores.cache_budget import in_use, make_room
from data.stores.dataset import Dataset
from data.stores.features import FeatureCache, Features
from lightning_modules.hub.backbones import Pretrained
from lightning_modules.inputs.augmentation import AugmentationConfig, augment, view_seed
from lightning_modules.network.onnx import export_onnx, open_session, run_session

if TYPE_CHECKING:
    import onnxruntime


log = logging.getLogger(__name__)
CHUNK_BYTES = 32 * 2**20
ROW_EXTRA, CHUNK_EXTRA = 256, 512  # bytes of a hash as NumPy keeps it; of the headers and the digest
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Views:
    """The augmented views of the training samples: how they are made, from which seed, and how many there are."""

    augmentation: AugmentationConfig
    seed: int
    count: int

    @property
    def cached(self) -> int:
        """How many differ."""
        return self.count if self.augmentation.active else 1

    def samples(self, dataset: Dataset, rows: pd.DataFrame, view: int) -> Array:
        """One view of the samples of manifest rows: arrays [N, ...]."""
        samples = dataset.samples(rows)
        if not self.augmentation.active:
            return samples
        return augment(self.augmentation, samples, [view_seed(self.seed, view, digest) for digest in rows["hash"]])


PLAIN = Views(AugmentationConfig(), 0, 1)


@dataclass(frozen=True)
class Prefix:
    """The pretrained stages before a boundary, and the cache of what they say of a data set."""

    home: Path
    dataset: Dataset
    pretrained: Pretrained
    threads: int
    boundary: int | None = None  # of the embedding by default

    def cache(self, views: Views = PLAIN, view: int = 0) -> FeatureCache:
        """The cache of one view."""
        name = self._name
        if views.augmentation.active:
            name += f"-{views.augmentation.hash[:8]}-seed{views.seed}-view{view}"
        return FeatureCache(self.home / "cache" / "features" / name)

    def fill(self, rows: pd.DataFrame, views: Views = PLAIN, progress: Report = lambda done, total: None) -> int:
        """Computes every view of the rows that is not in the cache yet; returns how many activations were new.

        Raises:
            BackboneError: the weights are those of another network.
            StorageError: shards are damaged, the disk refused a write, or the cache's budget is too small.
        """
        with self.reserved((rows, views)) as room:
            missing = self._missing(rows, views)
            total = sum(missing.values())
            if not room:
                raise StorageError(
                    f"{total} activations of {self.row_bytes / 1024:.0f} KiB do not fit into the cache: "
                    f"REGRAFT_CACHE_GB is {self._budget / 2**30:.3g}; raise it, or choose fewer views or a later stage"
                )
            done = 0
            for view in filter(missing.get, missing):
                done += self._fill_view(rows, views, view, _further(progress, done, total))
        return done

    @contextmanager
    def reserved(self, *wanted: tuple[pd.DataFrame, Views]) -> Iterator[bool]:
        """Whether the views of the rows fit into the disk budget; if so, the room is theirs while the block runs.

        Caches that nobody uses make room. Rows of the same view are those of one entry, or among them.
        """
        with ExitStack() as held:
            for _, views in wanted:
                held.enter_context(self.in_use(views))
            room = self._room(wanted)
            if not room:
                held.close()  # nothing is kept from others that may have use for it
            yield room

    def bytes_for(self, activations: int) -> int:
        """Bytes of new chunks of a cache with so many activations."""
        chunks = -(-activations // self._chunk)
        return activations * (self.row_bytes + ROW_EXTRA) + chunks * CHUNK_EXTRA

    def _room(self, wanted: tuple[tuple[pd.DataFrame, Views], ...]) -> bool:
        growth: dict[Path, int] = {}
        for rows, views in wanted:
            for view, missing in self._missing(rows, views).items():
                folder = self.cache(views, view).folder
                growth[folder] = max(growth.get(folder, 0), self.bytes_for(missing) if missing else 0)
        return not any(growth.values()) or make_room(self.home / "cache" / "features", growth, self._budget)

    def _missing(self, rows: pd.DataFrame, views: Views) -> dict[int, int]:
        return {view: len(self.cache(views, view).missing(list(rows["hash"]))) for view in range(views.cached)}

    @contextmanager
    def in_use(self, views: Views) -> Iterator[None]:
        """Keeps the views, and the plain one that validation reads, from being evicted."""
        with ExitStack() as held:
            for folder in {self.cache(views, view).folder for view in range(views.cached)} | {self.cache().folder}:
                held.enter_context(in_use(folder))
            yield

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of one activation."""
        return int(run_session(self._session, self.dataset.spec.example()[None])[0].nbytes)

    def _fill_view(self, rows: pd.DataFrame, views: Views, view: int, progress: Report) -> int:
        def compute(positions: Sequence[int]) -> Features:
            """Activations of this view."""
            return run_session(self._session, views.samples(self.dataset, rows.iloc[list(positions)], view))[0]

        return self.cache(views, view).fill(list(rows["hash"]), compute, progress, self._chunk)

    @cached_property
    def _chunk(self) -> int:
        """Activations that are computed and written at a time."""
        return max(16, min(512, CHUNK_BYTES // self.row_bytes))

    @property
    def _budget(self) -> int:
        from settings.machine import load_settings

        return int(load_settings().cache_gb * 2**30)

    @property
    def _name(self) -> str:
        stage = "" if self.boundary is None else f"-stage{self.boundary}"
        return self.pretrained.key(self.dataset.spec) + stage

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        path = self.home / "cache" / "onnx" / f"{self._name}.onnx"
        if not path.exists():
            from lightning_modules.network.network import FrozenStages  # torch only for the export

            frozen = FrozenStages(self.pretrained, self.pretrained.transform(self.dataset.spec), self.boundary)
            export_onnx(frozen, self.dataset.spec, path, ("activation",))
        return open_session(path, self.threads)


def _further(progress: Report, before: int, total: int) -> Report:
    return lambda done, _: progress(before + done, total)

"""Decode: the files behind a domain's samples as arrays, by the spec that its data have now or by another one."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.config import DataConfig
from data.errors import SourceError
from data.specs.spec import Array, Spec
from data.stages.feedback import sources_of
from data.stores.manifest import read_table, validated_folder
from data.stores.shards import shard_rows
from settings.machine import load_settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawSamples:
    """The files of a domain's accepted samples."""

    root: Path
    name: str
    config: DataConfig

    def decoded(self, rows: pd.DataFrame, spec: Spec) -> Iterator[Array]:
        """Arrays of rows (columns source, path, hash) in their order; a shard's worth is in flight at once.

        Raises:
            SourceError: a file is gone, or changed since it was ingested.
        """
        length = shard_rows(spec)
        records = rows[["source", "path", "hash"]].to_dict("records")
        with ThreadPoolExecutor(load_settings().cores) as pool:
            for start in range(0, len(records), length):
                yield from pool.map(lambda row: self._decode(row, spec), records[start : start + length])
                done = min(start + length, len(records))
                log.info("decode %s: %d of %d samples", self.name, done, len(records))

    def again(self, hashes: "pd.Series[str]", spec: Spec) -> Array:
        """The samples of those hashes as a spec that is not that of the shards makes them: [N, *shape].

        Raises:
            SourceError: a file is gone, or changed since it was ingested.
            StorageError: the domain's accepted samples cannot be read.
        """
        accepted = read_table(validated_folder(self.root, self.name) / "accepted.parquet").set_index("hash")
        return np.stack(list(self.decoded(accepted.loc[list(hashes)].reset_index(), spec)))

    def contents(self, hashes: Sequence[str], most: int) -> dict[str, bytes]:
        """Bytes of up to `most` of the samples of those hashes, in their order, of those whose files are there still.

        Raises:
            StorageError: the domain's accepted samples cannot be read.
        """
        accepted = read_table(validated_folder(self.root, self.name) / "accepted.parquet").set_index("hash")
        known = set(accepted.index)
        rows = ({**accepted.loc[[digest]].iloc[0].to_dict(), "hash": digest} for digest in hashes if digest in known)
        found = ((row["hash"], content) for row in rows if (content := self._found(row)) is not None)
        return dict(islice(found, most))

    @cached_property
    def _sources(self) -> dict[str, Any]:
        return dict(sources_of(self.config, self.name))

    def _decode(self, row: dict[Any, Any], spec: Spec) -> Array:
        return spec.decode(self._read(row), self.config.expectations.limit)

    def _found(self, row: dict[Any, Any]) -> bytes | None:
        """The file behind a row; None: it is not there any more, or another."""
        with suppress(SourceError):
            return self._read(row)
        return None

    def _read(self, row: dict[Any, Any]) -> bytes:
        content = self._sources[row["source"]].read(self.root, row["path"])
        if hashlib.sha256(content).hexdigest() != row["hash"]:
            raise SourceError(f"{row['path']} changed after it was ingested; run the flow again to ingest it anew")
        return bytes(content)

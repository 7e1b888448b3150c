"""Preprocess: decode once into shards and assign splits; `python -m data.preprocess DOMAIN`.

A DVC stage whose output data/processed/DOMAIN is kept between runs: shards grow at their end, `index.parquet` remembers
every sample and group ever seen with its row and split, and `manifest.parquet` lists the samples that count now.
Nothing in it tells of paths or times, so equal data give equal bytes on any machine.
"""

import hashlib
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.atomic import write_text
from data.config import DataConfig, load_data_config
from data.entry import stage_main
from data.errors import SourceError
from data.feedback import sources_of
from data.images import Array
from data.manifest import LABEL, SLICE, processed_folder, read_table, validated_folder, write_table
from data.settings import load_settings
from data.shards import append_rows, shard_rows
from data.splits import assign_splits

log = logging.getLogger(__name__)


def preprocess(root: Path, name: str, config: DataConfig) -> int:
    """Brings the processed data up to date with the accepted samples; returns how many were decoded.

    Raises:
        SourceError: a file changed since it was ingested.
        StorageError: the disk refused a write; the next run goes on from the last whole shard.
    """
    folder = processed_folder(root, name)
    accepted = read_table(validated_folder(root, name) / "accepted.parquet")
    index, known = _stored(folder, config)
    new = accepted[~accepted["hash"].isin(index["hash"])]
    strata = (
        accepted[[LABEL + config.task, *(SLICE + name for name in _slices(accepted, config))]]
        .astype(str)
        .agg("|".join, axis=1)
    )
    accepted = accepted.assign(split=assign_splits(accepted, strata, known, config.split))
    append_rows(folder, len(index), _decoded(root, name, config, new), config.transform.shape)
    write_text(folder / "transform.json", config.transform.model_dump_json())
    grown = accepted.loc[new.index, ["hash", "group", "split"]]
    index = pd.concat([index, grown.astype(str)], ignore_index=True)
    write_table(folder / "index.parquet", index)
    _write_manifest(folder, accepted, index)
    return len(new)


def _stored(folder: Path, config: DataConfig) -> tuple[pd.DataFrame, dict[str, str]]:
    """The samples stored with this transform, and the split of every group ever seen.

    With another transform every sample is decoded anew, and still keeps its split.
    """
    index = pd.DataFrame({"hash": [], "group": [], "split": []}, dtype=str)
    if (folder / "index.parquet").exists():
        index = read_table(folder / "index.parquet")
    spec = folder / "transform.json"
    known = dict(zip(index["group"], index["split"], strict=True))
    same = spec.exists() and spec.read_text(encoding="utf-8") == config.transform.model_dump_json()
    return (index if same else index.iloc[:0]), known


def _slices(accepted: pd.DataFrame, config: DataConfig) -> tuple[str, ...]:
    missing = [name for name in config.split.stratify if SLICE + name not in accepted.columns]
    if missing:
        there = (
            ", ".join(column.removeprefix(SLICE) for column in accepted.columns if column.startswith(SLICE)) or "none"
        )
        raise SourceError(
            f"split.stratify names the slice {missing[0]!r}, which the source has not (there: {there}); correct it"
        )
    return config.split.stratify


def _decoded(root: Path, name: str, config: DataConfig, rows: pd.DataFrame) -> Iterator[Array]:
    """Decoded samples in the order of the rows; a shard's worth is in flight at once."""
    sources = dict(sources_of(config, name))
    length = shard_rows(config.transform.shape)
    records = rows[["source", "path", "hash"]].to_dict("records")
    with ThreadPoolExecutor(load_settings().cores) as pool:
        for start in range(0, len(records), length):
            yield from pool.map(lambda row: _decode(root, config, sources, row), records[start : start + length])
            log.info("preprocess %s: %d of %d new samples", name, min(start + length, len(records)), len(records))


def _decode(root: Path, config: DataConfig, sources: dict[str, Any], row: dict[Any, Any]) -> Array:
    content = sources[row["source"]].read(root, row["path"])
    if hashlib.sha256(content).hexdigest() != row["hash"]:
        raise SourceError(f"{row['path']} changed after it was ingested; run the flow again to ingest it anew")
    return config.transform.decode(content, config.expectations.max_pixels)


def _write_manifest(folder: Path, accepted: pd.DataFrame, index: pd.DataFrame) -> None:
    """The accepted samples in the order of their rows, which is the order in which they were first seen."""
    position = pd.Series(np.arange(len(index)), index=index["hash"])
    manifest = accepted.assign(position=accepted["hash"].map(position)).sort_values("position")
    kept = [column for column in manifest.columns if column.startswith((LABEL, SLICE))]
    write_table(folder / "manifest.parquet", manifest[["hash", "group", "weight", "split", "position", *kept]])


def main(name: str) -> None:
    """Preprocesses one domain."""
    root = load_settings().root
    count = preprocess(root, name, load_data_config(root, name))
    log.info("preprocess %s: %d samples decoded", name, count)


if __name__ == "__main__":
    stage_main(main)

"""Forget: a sample leaves all data of a domain and does not come back, though its source may still hold the file."""

import shutil
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.config import DataConfig
from data.errors import SourceError
from data.stages.feedback import sources_of
from data.stages.preprocess import read_index
from data.stores.atomic import write_text
from data.stores.features import drop_samples
from data.stores.forgotten import forgotten, remember_forgotten
from data.stores.manifest import processed_folder, raw_manifest_path, read_table, validated_folder, write_table


@dataclass(frozen=True)
class Samples:
    """Samples that were asked for: hashes, their files, each with the source that names it so, and the given keys."""

    hashes: frozenset[str]
    files: tuple[tuple[str, str], ...]
    keys: frozenset[str] = frozenset()


def find_samples(
    root: Path,
    name: str,
    hashes: Sequence[str],
    keys: Sequence[str],
    seen: Mapping[str, AbstractSet[str]] | None = None,
) -> Samples:
    """Samples by content hash, or by key: a path as the source or a feedback table names it, or a group.

    Args:
        root: of the project.
        name: of the domain.
        hashes: sha256 of samples.
        keys: paths and groups.
        seen: what of these was seen in production, with the hashes of the samples.

    Raises:
        SourceError: the domain has never had such a sample, or a key means several.
    """
    seen = seen or {}
    raw = raw_manifest_path(root, name)
    table = read_table(raw) if raw.exists() else pd.DataFrame(columns=["source", "hash", "path", "group"], dtype=str)
    named = [_named(table, key) for key in keys]
    found = {*hashes, *(digest for part in named for digest in part)}
    if unknown := [key for key, part in zip(keys, named, strict=True) if not part and key not in seen]:
        told = f"{name!r} has no sample of the path or group {unknown[0]!r}; name it as the source does, or by --hash"
        raise SourceError(f"{told}; where an earlier `forget` was stopped, `regraft prepare {name}` finishes it")
    if unknown := sorted(found - set(table["hash"]) - _ever(root, name) - seen.keys()):
        raise SourceError(f"{name!r} has never had a sample of the hash {unknown[0]!r}; give its file's whole sha256")
    found |= {digest for part in seen.values() for digest in part}
    rows = table.loc[table["hash"].isin(found), ["source", "path"]]
    return Samples(frozenset(found), tuple(sorted(rows.itertuples(index=False, name=None))), frozenset(keys))


def still_there(root: Path, name: str, config: DataConfig, samples: Samples) -> list[str]:
    """Files of samples that their sources still hold, by the path that the source gives."""
    sources = dict(sources_of(config, name))
    return [path for source, path in samples.files if sources[source].stamp(root, path)]


def erase_data(root: Path, name: str, samples: Samples, home: Path) -> None:
    """Notes the hashes, then takes them out of manifests, feedback, index, cached features and restored versions.

    The arrays go with the next run of the stages, which decodes the others anew. Called again it goes on where it was
    stopped.

    Raises:
        StorageError: the disk refused a write.
    """
    remember_forgotten(root, name, samples.hashes)
    for path in validated_folder(root, name).glob("*.parquet"):
        _without(path, samples.hashes)
    for path in sorted((root / "data" / "feedback" / name).glob("*.csv")):
        _without_paths(path, [name for _, name in samples.files])
    _forget_arrays(processed_folder(root, name), samples.hashes)
    for folder in (root / "data" / "restored").glob(f"{name}-{'[0-9a-f]' * 32}"):
        shutil.rmtree(folder)
    drop_samples(home / "cache" / "features", samples.hashes)
    _without(raw_manifest_path(root, name), samples.hashes)  # last, for samples are found by it


def _named(table: pd.DataFrame, key: str) -> list[str]:
    """Hashes of a path or group; the end of a path does where only one sample has it."""
    paths = table["path"].astype(str)
    exact = table.loc[(paths == key) | (table["group"] == key), "hash"]
    if len(exact):
        return list(exact)
    ends = table[paths.str.endswith(f"/{key}")]
    if len(set(ends["hash"])) > 1:
        raise SourceError(f"{key!r} is the end of several paths: {', '.join(sorted(ends['path']))}; name one of them")
    return list(ends["hash"])


def _ever(root: Path, name: str) -> set[str]:
    """Hashes that processed data know, of samples that the source has no more, too, and those forgotten before."""
    folder = processed_folder(root, name)
    seen = set(read_index(folder)["hash"]) if (folder / "index.parquet").exists() else set()
    return seen | forgotten(root, name)


def _without(path: Path, hashes: AbstractSet[str]) -> None:
    if not path.exists():
        return
    table = read_table(path)
    if (gone := table["hash"].isin(hashes)).any():
        write_table(path, table[~gone])


def _without_paths(path: Path, paths: Sequence[str]) -> None:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    gone = table["path"].isin(paths)
    if gone.all():
        path.unlink()
    elif gone.any():
        write_text(path, table[~gone].to_csv(index=False))


def _forget_arrays(folder: Path, hashes: AbstractSet[str]) -> None:
    """Takes samples out of the index and says of all others that they have to be decoded, as their rows move up."""
    if not (folder / "index.parquet").exists():
        return
    index = read_index(folder)
    gone = index["hash"].isin(hashes)
    if not gone.any():
        return
    (folder / "manifest.parquet").unlink(missing_ok=True)
    for shard in folder.glob("shard-*.npy"):
        shard.unlink()
    write_table(folder / "index.parquet", index[~gone].assign(position=np.int64(-1)))

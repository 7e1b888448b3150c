"""Versions that hold what has to go leave DVC's cache and its remotes of this machine."""

import json
from collections.abc import Set as AbstractSet
from pathlib import Path

from data.stores.manifest import read_table
from data.stores.versions.dvc import dvc

INDEX = "index.parquet"
TABLES = {INDEX, "manifest.parquet", "accepted.parquet", "quarantine.parquet"}


def erase_versions(root: Path, hashes: AbstractSet[str]) -> tuple[list[str], list[str]]:
    """Deletes every stored folder that names one of the samples, with the files that no other folder needs.

    Returns:
        The dataset versions that can no longer be restored, and the remotes that are out of reach and were left alone.

    Raises:
        VersioningError: DVC does not say where its cache and remotes are.
    """
    places, unreached = stores(root)
    erased = {version for place in places for version in _erased(place / "files" / "md5", hashes)}
    return sorted(erased), unreached


def stores(root: Path) -> tuple[list[Path], list[str]]:
    """Where dataset versions are kept: the cache and the remotes that are folders, and the addresses of the others.

    Raises:
        VersioningError: DVC does not say where its cache and remotes are.
    """
    told = [line.partition("=") for line in dvc(root, "config", "--list").splitlines()]
    remotes = [place for name, _, place in told if name.startswith("remote.") and name.endswith(".url")]
    places = [dvc(root, "cache", "dir").strip(), *(place for place in remotes if "://" not in place)]
    return list(map(Path, places)), [place for place in remotes if "://" in place]


def _erased(store: Path, hashes: AbstractSet[str]) -> list[str]:
    folders = {path: json.loads(path.read_text(encoding="utf-8")) for path in store.glob("??/*.dir")}
    holding = [path for path, files in folders.items() if _holds(store, files, hashes)]
    gone = {file["md5"] for path in holding for file in folders[path]}
    kept = {file["md5"] for path, files in folders.items() if path not in holding for file in files}
    for path in [*(_object(store, md5) for md5 in gone - kept), *holding]:
        path.unlink(missing_ok=True)
    return [path.parent.name + path.name for path in holding if INDEX in {file["relpath"] for file in folders[path]}]


def _holds(store: Path, files: list[dict[str, str]], hashes: AbstractSet[str]) -> bool:
    """Whether a table of Regraft's in a folder names a sample; other data that DVC keeps here are none of its own."""
    tables = [_object(store, file["md5"]) for file in files if file["relpath"] in TABLES]
    return any(not hashes.isdisjoint(read_table(table).get("hash", [])) for table in tables if table.exists())


def _object(store: Path, md5: str) -> Path:
    return store / md5[:2] / md5[2:]

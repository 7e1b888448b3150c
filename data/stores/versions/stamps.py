"""Whether all that a domain's DVC stages read and made is as DVC left it; if so, DVC need not be started to say so."""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from data.stores.atomic import write_text
from data.stores.manifest import processed_folder, raw_manifest_path, validated_folder

CONFIGURATION = ("dvc.yaml", "params.yaml", ".dvcignore", ".dvc/config", ".dvc/config.local")


def unchanged(root: Path, name: str) -> bool:
    """Whether nothing has changed since DVC last found or made both stages up to date; in doubt it has."""
    path = _path(root, name)
    stamp = _stamp(root, name)
    return stamp is not None and path.exists() and path.read_text(encoding="utf-8") == stamp


def remember(root: Path, name: str) -> None:
    """Notes that DVC has just found or made both stages up to date, where that can be told again later."""
    stamp = _stamp(root, name)
    if stamp is not None:
        write_text(_path(root, name), stamp)


def forget(root: Path, name: str) -> None:
    """Drops the note, as of a domain that leaves the project."""
    _path(root, name).unlink(missing_ok=True)


def _path(root: Path, name: str) -> Path:
    return root / ".regraft" / "stages" / f"{name}.json"


def _stamp(root: Path, name: str) -> str | None:
    try:
        return _facts(root, name)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError):
        return None  # what cannot be read is for DVC to tell of


def _facts(root: Path, name: str) -> str | None:
    """What the stages stand on, by content, and what they made, by size, time and inode, as DVC itself remembers it.

    None where DVC has something to do at any rate: the manifest is another one, or its cache lacks an output.
    """
    locked = _locked(root, name)
    manifest = raw_manifest_path(root, name)
    if locked is None or _md5(manifest) != locked[f"validate@{name}"]["deps"][0]["md5"]:
        return None
    if not all(_cached(root, out["md5"]) for stage in locked.values() for out in stage["outs"]):
        return None
    read = [root / file for file in CONFIGURATION] + [root / "domains" / f"{name}.yaml"]
    folders = validated_folder(root, name), processed_folder(root, name)
    made = [path for folder in folders for path in folder.rglob("*")]
    facts = {
        "locked": locked,
        "read": {str(path.relative_to(root)): _md5(path) for path in read if path.exists()},
        "made": {str(path.relative_to(root)): _state(path) for path in sorted(made) if path.is_file()},
    }
    return json.dumps(facts, sort_keys=True, default=str)


def _locked(root: Path, name: str) -> dict[str, Any] | None:
    """What dvc.lock says of the domain's two stages, where it knows both."""
    lock = root / "dvc.lock"
    stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"] if lock.exists() else {}
    wanted = (f"validate@{name}", f"preprocess@{name}")
    return {stage: stages[stage] for stage in wanted} if stages.keys() >= set(wanted) else None


def _cached(root: Path, version: str) -> bool:
    """Whether the cache in its usual place holds a folder with every file of it."""
    store = root / ".dvc" / "cache" / "files" / "md5"
    folder = store / version[:2] / version[2:]
    if not folder.exists():
        return False
    files = {file["md5"] for file in json.loads(folder.read_text(encoding="utf-8"))}
    return all((store / md5[:2] / md5[2:]).exists() for md5 in files)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino

"""DVC: run a domain's data stages, name the dataset version, bring an old one back. The only file that talks to DVC."""

import json
import logging
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from data.errors import LockedError, RefusedError, SourceError, VersioningError
from data.specs.spec import DECODER_VERSION
from data.stores.atomic import write_text
from data.stores.manifest import processed_folder, raw_manifest_path, read_table
from data.stores.stage_stamps import remember, unchanged
from settings.entry import REFUSED
from settings.errors import ConfigError
from settings.yaml_files import read_yaml

log = logging.getLogger(__name__)
INDEX = "index.parquet"
TABLES = {INDEX, "manifest.parquet", "accepted.parquet", "quarantine.parquet"}
BUSY = "is busy, it is being blocked by"  # DVC's words, where another DVC works on the same files
DVC_FILES = ("dvc.yaml", "dvc.lock", "params.yaml")
STAGE_LINE = re.compile(r"Running stage|(validate|preprocess) \S+: ")


def reproduce_stage(root: Path, stage: str, name: str) -> None:
    """Runs `dvc repro STAGE@DOMAIN` unless nothing has changed since it last did; a held DVC lock is waited for.

    Raises:
        SourceError: nothing was ingested yet.
        RefusedError: the stage refused its input; the text is the stage's own error line.
        VersioningError: the stage failed otherwise; likewise.
    """
    if not raw_manifest_path(root, name).exists():
        raise SourceError(f"{name!r} has no data yet; run `regraft prepare {name}`")
    enrol(root, name)
    if not unchanged(root, name):
        _dvc(root, "repro", f"{stage}@{name}")
        if stage == "preprocess":  # the last one, which runs the one before, too
            remember(root, name)


def dataset_version(root: Path, name: str) -> str:
    """The DVC hash of the domain's processed data, 36 characters.

    Raises:
        VersioningError: the domain has not been prepared yet.
    """
    try:
        return str(_mapping(root / "dvc.lock")["stages"][f"preprocess@{name}"]["outs"][0]["md5"])
    except (KeyError, TypeError, IndexError) as error:
        raise VersioningError(f"{name!r} has no processed data yet; run `regraft prepare {name}`") from error


def restore(root: Path, name: str, version: str) -> Path:
    """Brings a dataset version back from the DVC cache or its remote, beside the current one; returns its folder.

    Raises:
        VersioningError: neither the cache nor the remote holds that version.
    """
    folder = processed_folder(root, name)
    if version == dataset_version(root, name):
        _fetch(root, f"preprocess@{name}", version)
        return folder
    target = root / "data" / "restored" / f"{name}-{version.removesuffix('.dir')}"
    pointer = target.with_name(f"{target.name}.dvc")
    write_text(pointer, yaml.safe_dump({"outs": [{"md5": version, "hash": "md5", "path": target.name}]}))
    try:
        _fetch(root, str(pointer.relative_to(root)), version)
    finally:
        pointer.unlink()
    return target


def _fetch(root: Path, target: str, version: str) -> None:
    """From the cache, else from the remote; by force, since what differs is an altered or half-made copy."""
    try:
        _dvc(root, "checkout", "--force", target)
    except VersioningError:
        log.info("%s is not in the cache, asking the remote", version)
        _pull(root, target, version)


def _pull(root: Path, target: str, version: str) -> None:
    try:
        _dvc(root, "pull", "--force", target)
    except VersioningError as error:
        raise VersioningError(
            f"{version} is neither in the DVC cache nor in its remote ({error}); run `dvc push` where it was made"
        ) from error


def push(root: Path, *stages: str) -> None:
    """Sends what stages made to the default remote.

    Raises:
        VersioningError: the remote is out of reach.
    """
    _dvc(root, "push", *stages)


def pull(root: Path, *stages: str) -> None:
    """Takes what stages made from the default remote.

    Raises:
        VersioningError: the remote is out of reach, or lacks it.
    """
    for stage in stages:
        _pull(root, stage, stage)


def locked_stages(root: Path, name: str) -> dict[str, Any]:
    """What dvc.lock says of a domain's stages."""
    known = _mapping(root / "dvc.lock").get("stages") or {}
    return {stage: entry for stage, entry in known.items() if stage.rpartition("@")[2] == name}


def replace_stages(root: Path, name: str, stages: dict[str, Any]) -> None:
    """Lets dvc.lock say this of a domain's stages, and of no others of that domain."""
    enrol(root, name)
    with _held(root):
        content = _mapping(root / "dvc.lock") or {"schema": "2.0"}
        ours = locked_stages(root, name)
        others = {stage: entry for stage, entry in (content.get("stages") or {}).items() if stage not in ours}
        write_text(root / "dvc.lock", yaml.safe_dump({**content, "stages": {**others, **stages}}, sort_keys=False))


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
    told = [line.partition("=") for line in _dvc(root, "config", "--list").splitlines()]
    remotes = [place for name, _, place in told if name.startswith("remote.") and name.endswith(".url")]
    places = [_dvc(root, "cache", "dir").strip(), *(place for place in remotes if "://" not in place)]
    return list(map(Path, places)), [place for place in remotes if "://" in place]


def check_out(root: Path) -> None:
    """Brings the data of every domain back as dvc.lock names them, from the cache or else the remote.

    Raises:
        VersioningError: neither holds one of them.
    """
    made = list(_mapping(root / "dvc.lock").get("stages") or {})  # DVC would fail over those that never ran
    try:
        _dvc(root, "checkout", "--force", *made)
    except VersioningError:
        _dvc(root, "pull", "--force", *made)


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


def changed_stages(root: Path) -> dict[str, object]:
    """What `dvc status` says: stages whose inputs or outputs are not those of the last run."""
    lines = _dvc(root, "status", "--json").splitlines()
    status: dict[str, object] = json.loads(next((line for line in lines if line.startswith("{")), "{}"))
    return status


def _mapping(path: Path) -> dict[str, Any]:
    """What a YAML file holds; empty where there is none.

    Raises:
        ConfigError: it is no YAML, or no mapping.
    """
    content = (read_yaml(path) if path.exists() else None) or {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: holds {str(content)[:60]!r} where keys should be; restore the file from Git")
    return content


def enrol(root: Path, name: str) -> None:
    """Lists the domain in params.yaml, from which dvc.yaml makes its stages, and the decoder that they depend on."""
    path = root / "params.yaml"
    params = _mapping(path)
    domains = params.get("domains") or []
    wanted = {**params, "domains": domains if name in domains else [*domains, name], "decoder": DECODER_VERSION}
    if wanted != params:
        write_text(path, yaml.safe_dump(wanted))


def strike(root: Path, name: str) -> None:
    """Takes a domain out of params.yaml and its stages out of dvc.lock, while no DVC of another domain writes there."""
    with _held(root):
        _strike(root / "dvc.lock", "stages", name)
        _strike(root / "params.yaml", "domains", name)


def _strike(path: Path, section: str, name: str) -> None:
    content = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}
    listed = content.get(section) or []
    kept = [key for key in listed if key.rpartition("@")[2] != name]
    if len(kept) < len(listed):
        left = {key: listed[key] for key in kept} if isinstance(listed, dict) else kept
        write_text(path, yaml.safe_dump({**content, section: left}, sort_keys=False))


@contextmanager
def _held(root: Path) -> Iterator[None]:
    """Holds DVC's own lock, which its commands wait for."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo, repo.lock:
            yield
    except DvcException as error:
        raise VersioningError(f"DVC is busy or cannot read {root} ({error}); try again when it is through") from error


def _dvc(root: Path, *arguments: str) -> str:
    """Standard output of a DVC command; its lines go to the log while it runs.

    The stages call `python`, so this interpreter's folder comes first in their PATH.
    """
    for file in DVC_FILES:
        _mapping(root / file)  # DVC's own words for a broken one are a number
    command = [sys.executable, "-m", "dvc", "--cd", str(root), "--wait-for-lock", *arguments]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "REGRAFT_ROOT": str(root)}
    lines: deque[str] = deque(maxlen=200)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=root
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            # The stages' own lines tell of progress; DVC's advice about Git and remotes does not.
            log.log(logging.INFO if STAGE_LINE.match(line) else logging.DEBUG, "%s", line.rstrip())
    if process.returncode and any(BUSY in line for line in lines):
        raise LockedError(f"{_fault(list(lines), arguments)}; wait for it to end, then try again")
    if process.returncode:
        # DVC ends with a code of its own and tells the stage's.
        refused = any(line.endswith(f"exited with {REFUSED}") for line in lines)
        raise (RefusedError if refused else VersioningError)(_fault(list(lines), arguments))
    return "\n".join(lines)


def _fault(lines: list[str], arguments: tuple[str, ...]) -> str:
    """The stage's own error line, else DVC's."""
    own = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    errors = own or [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")] or lines[-1:]
    return errors[0] if errors else f"`dvc {' '.join(arguments)}` failed without a word; run it by hand"

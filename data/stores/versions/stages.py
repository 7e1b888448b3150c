"""The stages of a domain: run where something has changed, listed, and what dvc.lock says of them."""

import json
from pathlib import Path
from typing import Any

import yaml

from data.errors import SourceError, VersioningError
from data.specs.spec import DECODER_VERSION
from data.stores.atomic import write_text
from data.stores.manifest import raw_manifest_path
from data.stores.versions.dvc import dvc, held, mapping
from data.stores.versions.stamps import remember, unchanged


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
        dvc(root, "repro", f"{stage}@{name}")
        if stage == "preprocess":  # the last one, which runs the one before, too
            remember(root, name)


def dataset_version(root: Path, name: str) -> str:
    """The DVC hash of the domain's processed data, 36 characters.

    Raises:
        VersioningError: the domain has not been prepared yet.
    """
    try:
        return str(mapping(root / "dvc.lock")["stages"][f"preprocess@{name}"]["outs"][0]["md5"])
    except (KeyError, TypeError, IndexError) as error:
        raise VersioningError(f"{name!r} has no processed data yet; run `regraft prepare {name}`") from error


def locked_stages(root: Path, name: str) -> dict[str, Any]:
    """What dvc.lock says of a domain's stages."""
    known = mapping(root / "dvc.lock").get("stages") or {}
    return {stage: entry for stage, entry in known.items() if stage.rpartition("@")[2] == name}


def replace_stages(root: Path, name: str, stages: dict[str, Any]) -> None:
    """Lets dvc.lock say this of a domain's stages, and of no others of that domain."""
    enrol(root, name)
    with held(root):
        content = mapping(root / "dvc.lock") or {"schema": "2.0"}
        ours = locked_stages(root, name)
        others = {stage: entry for stage, entry in (content.get("stages") or {}).items() if stage not in ours}
        write_text(root / "dvc.lock", yaml.safe_dump({**content, "stages": {**others, **stages}}, sort_keys=False))


def changed_stages(root: Path) -> dict[str, object]:
    """What `dvc status` says: stages whose inputs or outputs are not those of the last run."""
    lines = dvc(root, "status", "--json").splitlines()
    status: dict[str, object] = json.loads(next((line for line in lines if line.startswith("{")), "{}"))
    return status


def enrol(root: Path, name: str) -> None:
    """Lists the domain in params.yaml, from which dvc.yaml makes its stages, and the decoder that they depend on."""
    path = root / "params.yaml"
    params = mapping(path)
    domains = params.get("domains") or []
    wanted = {**params, "domains": domains if name in domains else [*domains, name], "decoder": DECODER_VERSION}
    if wanted != params:
        write_text(path, yaml.safe_dump(wanted))


def strike(root: Path, name: str) -> None:
    """Takes a domain out of params.yaml and its stages out of dvc.lock, while no DVC of another domain writes there."""
    with held(root):
        _strike(root / "dvc.lock", "stages", name)
        _strike(root / "params.yaml", "domains", name)


def _strike(path: Path, section: str, name: str) -> None:
    content = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}
    listed = content.get(section) or []
    kept = [key for key in listed if key.rpartition("@")[2] != name]
    if len(kept) < len(listed):
        left = {key: listed[key] for key in kept} if isinstance(listed, dict) else kept
        write_text(path, yaml.safe_dump({**content, section: left}, sort_keys=False))

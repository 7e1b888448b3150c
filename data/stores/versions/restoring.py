"""Versions from DVC's cache or its remote, and sent there."""

import logging
from pathlib import Path

import yaml

from data.errors import VersioningError
from data.stores.atomic import write_text
from data.stores.manifest import processed_folder
from data.stores.versions.dvc import dvc, mapping
from data.stores.versions.stages import dataset_version

log = logging.getLogger(__name__)


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
        dvc(root, "checkout", "--force", target)
    except VersioningError:
        log.info("%s is not in the cache, asking the remote", version)
        _pull(root, target, version)


def _pull(root: Path, target: str, version: str) -> None:
    try:
        dvc(root, "pull", "--force", target)
    except VersioningError as error:
        raise VersioningError(
            f"{version} is neither in the DVC cache nor in its remote ({error}); run `dvc push` where it was made"
        ) from error


def push(root: Path, *stages: str) -> None:
    """Sends what stages made to the default remote.

    Raises:
        VersioningError: the remote is out of reach.
    """
    dvc(root, "push", *stages)


def pull(root: Path, *stages: str) -> None:
    """Takes what stages made from the default remote.

    Raises:
        VersioningError: the remote is out of reach, or lacks it.
    """
    for stage in stages:
        _pull(root, stage, stage)


def check_out(root: Path) -> None:
    """Brings the data of every domain back as dvc.lock names them, from the cache or else the remote.

    Raises:
        VersioningError: neither holds one of them.
    """
    made = list(mapping(root / "dvc.lock").get("stages") or {})  # DVC would fail over those that never ran
    try:
        dvc(root, "checkout", "--force", *made)
    except VersioningError:
        dvc(root, "pull", "--force", *made)

"""A domain's data for other machines: sent to the DVC remote at an address, and taken from there by whoever goes on."""

from configparser import ConfigParser
from pathlib import Path
from typing import Any

from data.stores.versions.restoring import pull, push
from data.stores.versions.stages import locked_stages, replace_stages


def is_shared(root: Path) -> bool:
    """Whether DVC's default remote is at an address, where other machines find what is sent there."""
    known = ConfigParser(interpolation=None)
    known.read([root / ".dvc" / "config", root / ".dvc" / "config.local"], encoding="utf-8")
    remote = known.get("core", "remote", fallback="")
    return "://" in known.get(f"'remote \"{remote}\"'", "url", fallback="")


def send(root: Path, name: str) -> dict[str, Any]:
    """Sends a domain's data to the remote; returns the stages that made them.

    Raises:
        VersioningError: the remote is out of reach.
    """
    stages = locked_stages(root, name)
    push(root, *stages)
    return stages


def adopt(root: Path, name: str, stages: dict[str, Any]) -> bool:
    """Makes data that another machine has sent those of this one; False: they are already.

    Raises:
        VersioningError: the remote is out of reach, or lacks them.
    """
    begun = root / ".regraft" / "stages" / f"{name}.adopting"  # dvc.lock speaks of data that have not all come yet
    if locked_stages(root, name) == stages and not begun.exists():
        return False
    begun.parent.mkdir(parents=True, exist_ok=True)
    begun.touch()
    replace_stages(root, name, stages)
    pull(root, *stages)
    begun.unlink()
    return True

"""Lineage: the tags by which a run can be traced back to its data, code and environment, and made again."""

import hashlib
import json
import platform
import subprocess
from functools import cache
from importlib.metadata import distribution, distributions
from pathlib import Path

from data.specs.transform import Transform
from lightning_modules.config import TrainingConfig
from lightning_modules.hub.backbones import Pretrained

UNKNOWN = "unknown"


def lineage(
    root: Path, dataset_version: str, transform: Transform, pretrained: Pretrained, training: TrainingConfig
) -> dict[str, str]:
    """Tags of one training run in the project at `root`."""
    return {
        "dataset_version": dataset_version,
        "transform": transform.hash,
        "backbone": pretrained.name,
        "backbone_revision": pretrained.card.revision,
        "backbone_sha256": pretrained.sha256,
        "backbone_licence": pretrained.card.licence,
        "recipe": training.recipe.kind,
        "seed": str(training.seed),
        "regraft_version": distribution("regraft").version,
        "regraft_commit": regraft_commit(Path(__file__)),
        "project_commit": _described(root),
        "environment": _environment(),
        "python": platform.python_version(),
    }


@cache
def regraft_commit(file: Path) -> str:
    """Commit of Regraft's own code, of which `file` is one, marked where the working tree differs from it.

    An installed Regraft lies in no repository of its own, but often inside that of a project, which does not track it:
    then it is the commit that pip noted when it installed from a repository (PEP 610).
    """
    tracked = _git(file.parent, "ls-files", "--error-unmatch", file.name)
    return _described(file.parent) if tracked else _installed_from()


def _installed_from() -> str:
    noted = json.loads(distribution("regraft").read_text("direct_url.json") or "{}")
    return str(noted.get("vcs_info", {}).get("commit_id", f"{UNKNOWN}, installed from a package"))


def _described(folder: Path) -> str:
    found = _git(folder, "describe", "--always", "--dirty", "--abbrev=40")
    return found or f"{UNKNOWN}, no Git repository with a commit"


def _git(folder: Path, *arguments: str) -> str:
    """What git says in a folder; nothing where it refuses or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


@cache
def _environment() -> str:
    """sha256 of the names and versions of all installed packages."""
    installed = sorted({f"{found.name}=={found.version}" for found in distributions()})
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()

"""Lineage: the tags by which a run can be traced back to its data, code and environment, and made again."""

import hashlib
import platform
import subprocess
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from data.specs.transform import Transform
from lightning_modules.config import TrainingConfig
from lightning_modules.hub.backbones import Pretrained


def lineage(
    dataset_version: str, transform: Transform, pretrained: Pretrained, training: TrainingConfig
) -> dict[str, str]:
    """Tags of one training run."""
    return {
        "dataset_version": dataset_version,
        "transform": transform.hash,
        "backbone": pretrained.name,
        "backbone_revision": pretrained.card.revision,
        "backbone_sha256": pretrained.sha256,
        "backbone_licence": pretrained.card.licence,
        "recipe": training.recipe.kind,
        "seed": str(training.seed),
        "code_commit": _commit(),
        "environment": _environment(),
        "python": platform.python_version(),
    }


@cache
def _commit() -> str:
    """Commit of Regraft's own code, marked where the working tree differs from it."""
    here = Path(__file__).parent
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40"],
        cwd=here, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip() or "unknown"


@cache
def _environment() -> str:
    """sha256 of the names and versions of all installed packages."""
    installed = sorted({f"{found.name}=={found.version}" for found in distributions()})
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()

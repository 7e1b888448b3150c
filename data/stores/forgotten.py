"""Samples that a person asked to have erased: their content hashes, beside the domain in Git, so that none returns."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from data.stores.atomic import write_text


def forgotten_path(root: Path, name: str) -> Path:
    """One sha256 a line."""
    return root / "domains" / f"{name}.forgotten"


def forgotten(root: Path, name: str) -> set[str]:
    """Hashes of the samples that a domain has forgotten."""
    path = forgotten_path(root, name)
    return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()


def remember_forgotten(root: Path, name: str, hashes: AbstractSet[str]) -> None:
    """Adds hashes to those that never come back.

    Raises:
        StorageError: the disk refused the write.
    """
    write_text(forgotten_path(root, name), "\n".join(sorted(forgotten(root, name) | hashes)) + "\n")

"""Samples that a person asked to have erased: their content hashes, beside the domain in Git, so that none returns."""

import re
from collections.abc import Set as AbstractSet
from pathlib import Path

from data.errors import StorageError
from data.stores.atomic import write_text

SHA256 = re.compile(r"[0-9a-f]{64}")


def forgotten_path(root: Path, name: str) -> Path:
    """One sha256 a line."""
    return root / "domains" / f"{name}.forgotten"


def forgotten(root: Path, name: str) -> set[str]:
    """Hashes of the samples that a domain has forgotten.

    Raises:
        StorageError: the file was damaged, so that a sample could come back.
    """
    path = forgotten_path(root, name)
    lines = path.read_bytes().decode("utf-8", errors="replace").split() if path.exists() else []
    for line in lines:
        if not SHA256.fullmatch(line):
            raise StorageError(f"{path}: {line[:70]!r} is no sha256; restore the file from Git, or mend the line")
    return set(lines)


def remember_forgotten(root: Path, name: str, hashes: AbstractSet[str]) -> None:
    """Adds hashes to those that never come back.

    Raises:
        StorageError: the disk refused the write.
    """
    write_text(forgotten_path(root, name), "\n".join(sorted(forgotten(root, name) | hashes)) + "\n")

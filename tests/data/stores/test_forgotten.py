"""What was erased on request is remembered by its hash alone."""

from pathlib import Path

import pytest

from data.errors import StorageError
from data.stores.forgotten import forgotten, forgotten_path, remember_forgotten


def test_remember_forgotten__adds_to_what_is_there(project: Path) -> None:
    """Hashes add up, in one order, and a domain that forgot nothing has no file."""
    assert forgotten(project, "photos") == set()
    remember_forgotten(project, "photos", {"b" * 64})
    remember_forgotten(project, "photos", {"a" * 64, "b" * 64})
    assert forgotten(project, "photos") == {"a" * 64, "b" * 64}
    assert forgotten_path(project, "photos").read_text() == f"{'a' * 64}\n{'b' * 64}\n"


@pytest.mark.parametrize("damage", [b"abc\n", b"\xff" * 64, b"<<<<<<< HEAD\n"])
def test_forgotten__damaged(project: Path, damage: bytes) -> None:
    """A file that cannot be trusted stops everything in one line, rather than let a sample come back."""
    remember_forgotten(project, "photos", {"a" * 64})
    path = forgotten_path(project, "photos")
    path.write_bytes(path.read_bytes() + damage)
    with pytest.raises(StorageError, match=r"photos.forgotten: '.*' is no sha256; restore the file from Git"):
        forgotten(project, "photos")

"""The manifest of a package: the sha256 of each file, signed where a key is configured.

`manifest`, `signing` and `pyfunc` travel inside every model that MLflow stores, to machines without Regraft. They
import only each other and raise ValueErrors, which `registry.package.package` turns into PackageErrors.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"


def manifest_text(folder: Path) -> str:
    """JSON of the name and sha256 of every file in the folder but the manifest itself."""
    names = sorted(path.name for path in folder.iterdir() if path.name not in {MANIFEST, SIGNATURE})
    return json.dumps({name: sha256(folder / name) for name in names}, indent=1)


def verify(folder: Path, keys: Sequence[str], required: Sequence[str] = ()) -> dict[str, str]:
    """Checks signature (where there are public keys: PEM files) and files, before any of them is read.

    Returns the sha256 of each file, by which `read_verified` reads them.

    Raises:
        ValueError: the package is unsigned, altered, incomplete or holds a file that the manifest does not know.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
        found = {path.name: sha256(path) for path in folder.iterdir() if path.name not in {MANIFEST, SIGNATURE}}
    except OSError as error:
        raise ValueError(f"package {folder} is incomplete or unreadable ({error}); register the model again") from error
    if keys:
        _check_signature(folder, content, keys)
    expected = _listed(folder, content)
    if missing := sorted({*expected, *required} - found.keys()):
        raise ValueError(f"package {folder} is incomplete or unreadable (no {missing[0]}); register the model again")
    if wrong := sorted(name for name in found if found[name] != expected.get(name)):
        raise ValueError(
            f"package {folder}: {wrong[0]} is not the file that was packed; roll back or register the model again"
        )
    return expected


def read_verified(folder: Path, name: str, digests: Mapping[str, str]) -> bytes:
    """Bytes of a file that was verified before: just those, whatever was put in its place since.

    Raises:
        ValueError: the file is gone or another one by now.
    """
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ValueError(f"package {folder} is incomplete or unreadable ({error}); register the model again") from error
    if hashlib.sha256(content).hexdigest() != digests.get(name):
        raise ValueError(f"package {folder}: {name} was changed after it was verified; find out who writes there")
    return content


def _listed(folder: Path, content: bytes) -> dict[str, str]:
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError) as error:
        raise ValueError(f"package {folder} is incomplete or unreadable ({error}); register the model again") from error


def _check_signature(folder: Path, content: bytes, keys: Sequence[str]) -> None:
    from .signing import check_signature  # whoever checks no signature needs no cryptography

    if not (folder / SIGNATURE).is_file():
        raise ValueError(
            f"package {folder} is not signed, but REGRAFT_VERIFY_KEY demands it; set REGRAFT_SIGNING_KEY and register "
            "the model again"
        )
    try:
        check_signature(content, (folder / SIGNATURE).read_bytes(), keys)
    except ValueError as error:
        raise ValueError(
            f"package {folder}: {error}; give the right key, or sign and register the model again"
        ) from None


def sha256(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

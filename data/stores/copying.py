"""Copies of files that can be proved: each comes with the SHA-256 of what was copied."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.stores.atomic import TEMPORARY

PIECE = 2**20
HALF = ".half-copied"  # the end of a copy's name until it is whole


@dataclass(frozen=True)
class Former:
    """An earlier copy of the same files, by their place below its folder: what is unchanged is linked, not copied."""

    folder: Path
    files: Mapping[str, str]

    def link(self, name: str, source: Path, target: Path) -> str | None:
        """Links the earlier copy of a file and returns its SHA-256; None: it is none any more, or was damaged."""
        old, known = self.folder / name, self.files.get(name)
        if known is None or not old.is_file() or not _looks_like(source, old) or sha256_of(old) != known:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(old, target)
        except OSError:  # a file system without links
            return None
        return known


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_file(source: Path, target: Path) -> str:
    """Copies a file with its times and rights, whole or not at all; returns the SHA-256 of what was copied."""
    digest, half = hashlib.sha256(), target.with_name(target.name + HALF)
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file, half.open("wb") as copy:
        while piece := file.read(PIECE):
            digest.update(piece)
            copy.write(piece)
    shutil.copystat(source, half)
    half.replace(target)
    return digest.hexdigest()


def copy_tree(root: Path, place: str, target: Path, former: Former) -> dict[str, str]:
    """Copies what lies at a place below `root` to the same place below `target`; returns each file's SHA-256 by place.

    Files may come and go meanwhile: where one has gone it looks again, for what took its place.
    """
    done: dict[str, str] = {}
    while [path for path in files_below(root / place) if not _is_copied(root, path, target, former, done)]:
        continue
    return done


def _is_copied(root: Path, path: Path, target: Path, former: Former, done: dict[str, str]) -> bool:
    """Copies a file that is not among what is `done`, and notes it there; False: it has gone meanwhile."""
    name = path.relative_to(root).as_posix()
    try:
        done[name] = done.get(name) or former.link(name, path, target / name) or copy_file(path, target / name)
    except FileNotFoundError:
        if path.exists() or path.is_symlink():
            raise
        return False
    return True


def files_below(place: Path) -> Iterator[Path]:
    """The file itself, or every file below a folder but those that are being written; none where nothing is there."""
    if place.is_file():
        yield place
    for folder, names, files in os.walk(place, followlinks=True):
        names[:] = sorted(name for name in names if not _half(name))
        yield from (Path(folder, name) for name in sorted(files) if not _half(name))


def _half(name: str) -> bool:
    return TEMPORARY.fullmatch(name) is not None or name.endswith(HALF)


def _looks_like(source: Path, copy: Path) -> bool:
    """Whether size and time are the same; a file that is gone says so by FileNotFoundError."""
    one, other = source.stat(), copy.stat()
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)

"""The files below a folder: samples, litter that systems leave behind, and files of other kinds."""

import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LITTER = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "@eadir"}
# Pictures that Pillow does not open: they are samples all the same, so that nobody loses them without a reason.
FOREIGN_PICTURES = {".heic", ".heif", ".jxl", ".svg", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".dcm", ".exr"}
STUBS = {"BUFR", "GRIB", "HDF5", "MPEG"}


class Tree:
    """What lies below a folder; links are followed, but never to a folder that one is in already."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.litter = 0
        self.broken = 0
        self.files = sorted(self._walk(base, frozenset()))
        suffixes = Counter(path.suffix.lower() for path in self.files)
        # Where no file is a picture the samples are of another kind, and every file is one.
        pictures = any(is_picture(suffix) for suffix in suffixes if suffix)
        self.others = {suffix: n for suffix, n in sorted(suffixes.items()) if pictures and not is_picture(suffix)}

    @property
    def samples(self) -> list[Path]:
        """Relative paths of the samples, in order."""
        return [path for path in self.files if path.suffix.lower() not in self.others]

    def notices(self) -> list[str]:
        """What was left out, by kind."""
        told = [f"{count} {suffix} files are no pictures and are left out" for suffix, count in self.others.items()]
        litter = [f"{self.litter} hidden or system files are ignored"] * bool(self.litter)
        broken = [f"{self.broken} links lead nowhere; restore what they name or delete them"] * bool(self.broken)
        return told + litter + broken

    def _walk(self, folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:  # a loop
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                yield from self._entry(entry, above | {here})

    def _entry(self, entry: "os.DirEntry[str]", above: frozenset[tuple[int, int]]) -> Iterator[Path]:
        if entry.name.startswith(".") or entry.name.casefold() in LITTER:
            self.litter += 1
        elif entry.is_dir():
            yield from self._walk(Path(entry.path), above)
        elif entry.is_file():
            yield Path(entry.path).relative_to(self.base)
        else:
            self.broken += entry.is_symlink()


def is_picture(suffix: str) -> bool:
    """Whether a suffix in small letters is that of a picture; a file without one may be a picture."""
    return not suffix or suffix in FOREIGN_PICTURES or suffix in _readable()


@cache
def _readable() -> frozenset[str]:
    from PIL import Image  # the plugins are loaded where they are asked for

    formats = Image.registered_extensions()
    return frozenset(suffix for suffix, name in formats.items() if name in Image.OPEN and name not in STUBS)

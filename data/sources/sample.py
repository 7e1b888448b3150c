"""What every source yields and answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from data.errors import SourceError
from settings.config import Config


@dataclass(frozen=True)
class Sample:
    """One sample as its source describes it; `path` names it within the source and means nothing elsewhere."""

    path: str
    labels: dict[str, str]
    group: str | None = None
    slices: dict[str, str] = field(default_factory=dict)
    weight: float = 1.0
    split: str | None = None


class SampleSource(Protocol):
    """What ingest and preprocess ask of a source; `root` is the project root."""

    def samples(self, root: Path, task: str) -> Iterator[Sample]:
        """Every sample of the source, in a stable order."""

    def stamp(self, root: Path, path: str) -> str:
        """A cheap mark that changes when the sample's content may have changed."""

    def read(self, root: Path, path: str) -> bytes:
        """Content of one sample, as an image file's bytes."""

    def notices(self, root: Path) -> list[str]:
        """What of the source is left out, and why."""


class SourceConfig(Config):
    """The base of all sources in a domain's YAML."""

    def notices(self, root: Path) -> list[str]:
        """What of the source is left out, and why, one line a kind; mostly nothing."""
        return []


def local_path(root: Path, path: str) -> Path:
    """A path of a YAML file or a table: absolute, relative to `root`, or below the home folder."""
    return Path.home() / path[2:] if path.startswith("~/") else root / path


def file_stamp(path: Path) -> str:
    """Size and modification time; empty when there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}"


def read_file(path: Path) -> bytes:
    """Bytes of one local file.

    Raises:
        SourceError: the file is missing or unreadable.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; restore the file or drop its row from the source") from error


def portable_graymap(pixels: bytes, width: int, height: int) -> bytes:
    """Grey pixels as a binary PGM file: lossless, and the same bytes with every library version."""
    return f"P5\n{width} {height}\n255\n".encode() + pixels

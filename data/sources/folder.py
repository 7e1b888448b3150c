"""A folder with one subfolder a class."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from data.errors import SourceError
from data.sources.sample import Sample, file_stamp, read_file
from settings.config import Config


class FolderSource(Config):
    """`path/CLASS/any/depth/file`: the first folder is the label; hidden files are passed over."""

    kind: Literal["folder"]
    path: str = Field(description="the folder; relative to the project root or absolute")

    def samples(self, root: Path, task: str) -> Iterator[Sample]:
        """Every file below a class folder, in the order of the paths.

        Raises:
            SourceError: there is no such folder.
        """
        base = root / self.path
        if not base.is_dir():
            raise SourceError(
                f"source.path {base} is not a folder; correct it, one subfolder a class is expected in it"
            )
        for file in sorted(base.glob("*/**/*")):
            relative = file.relative_to(base)
            if file.is_file() and not any(part.startswith(".") for part in relative.parts):
                yield Sample(_storable(relative), {task: relative.parts[0]})

    def stamp(self, root: Path, path: str) -> str:
        """Size and modification time of the file."""
        return file_stamp(root / self.path / path)

    def read(self, root: Path, path: str) -> bytes:
        """Bytes of the file."""
        return read_file(root / self.path / path)


def _storable(path: Path) -> str:
    """The path as text that Parquet takes; Linux allows names that are no text at all."""
    try:
        return path.as_posix().encode("utf-8").decode("utf-8")
    except UnicodeEncodeError as error:
        raise SourceError(f"the file name {path.as_posix()!r} is not UTF-8; rename the file") from error

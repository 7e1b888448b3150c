"""IDX files, the format of MNIST and Fashion-MNIST: one file of images, one of labels (yann.lecun.com/exdb/mnist)."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from data.errors import SourceError
from data.sources.sample import Sample, SourceConfig, file_stamp, portable_graymap, read_file

_SPLITS = {"train": "train", "t10k": "test"}


class IdxSource(SourceConfig):
    """`train-images-idx3-ubyte[.gz]` and its companions; the test files keep their split, the others are split anew."""

    kind: Literal["idx"]
    path: str = Field(description="folder of the four files; relative to the project root or absolute")
    names: tuple[str, ...] = Field((), description="label for each number; empty: the number itself")
    limit: int | None = Field(None, ge=1, description="how many images to read from each file; empty: all")

    def samples(self, root: Path, task: str) -> Iterator[Sample]:
        """The images of the training file, then those of the test file.

        Raises:
            SourceError: a file is missing, is no IDX file, or the two files of a pair differ in length.
        """
        for prefix, split in _SPLITS.items():
            labels = load_idx(self._file(root, f"{prefix}-labels-idx1-ubyte"))
            images = load_idx(self._file(root, f"{prefix}-images-idx3-ubyte"))
            if (labels.ndim, images.ndim) != (1, 3):
                raise SourceError(f"{prefix}: labels must have 1 dimension and images 3; fetch the right files")
            if len(labels) != len(images):
                raise SourceError(f"{prefix}: {len(images)} images but {len(labels)} labels; fetch the pair again")
            for row, number in enumerate(labels[: self.limit]):
                yield Sample(
                    f"{prefix}/{row}", {task: self._name(int(number))}, split=None if split == "train" else split
                )

    def stamp(self, root: Path, path: str) -> str:
        """Size and modification time of the file that holds the image."""
        return file_stamp(self._file(root, f"{path.split('/', maxsplit=1)[0]}-images-idx3-ubyte"))

    def read(self, root: Path, path: str) -> bytes:
        """One image as PGM.

        Raises:
            SourceError: the file is missing, damaged or ends before that image.
        """
        prefix, row = path.split("/")
        images = load_idx(self._file(root, f"{prefix}-images-idx3-ubyte"))
        if int(row) >= len(images):
            raise SourceError(f"{path}: the file holds {len(images)} images only; ingest the domain again")
        image = images[int(row)]
        return portable_graymap(image.tobytes(), image.shape[1], image.shape[0])

    def _file(self, root: Path, stem: str) -> Path:
        for candidate in (root / self.path / stem, root / self.path / f"{stem}.gz"):
            if candidate.is_file():
                return candidate
        raise SourceError(f"{root / self.path / stem}[.gz] does not exist; correct source.path or fetch the files")

    def _name(self, number: int) -> str:
        return self.names[number] if number < len(self.names) else str(number)


def load_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Array of an IDX file of unsigned bytes, of the shape its header tells; kept in memory until the file changes.

    Raises:
        SourceError: the file is missing, cut off or no IDX file of bytes.
    """
    return _load_idx(path, file_stamp(path))


@lru_cache(maxsize=4)
def _load_idx(path: Path, _stamp: str) -> npt.NDArray[np.uint8]:
    content = read_file(path)
    try:
        raw = gzip.decompress(content) if path.suffix == ".gz" else content
        zero, kind, dimensions = struct.unpack(">HBB", raw[:4])
        shape = struct.unpack(f">{dimensions}I", raw[4 : 4 + 4 * dimensions])
        body = np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise SourceError(f"{path}: not a whole IDX file ({error}); fetch it again") from error
    if (zero, kind) != (0, 8):
        raise SourceError(
            f"{path}: the header names type {kind}, unsigned bytes (8) are expected; fetch the right file"
        )
    return body

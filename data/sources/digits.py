"""scikit-learn's digits: 1,797 grey images of 8 x 8 pixels, for quick tests."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from data.errors import SourceError
from data.sources.sample import Sample, SourceConfig, portable_graymap


class DigitsSource(SourceConfig):
    """Labels `0` to `9`; a sample's path is its row number."""

    kind: Literal["digits"]
    limit: int = Field(1797, ge=1, le=1797, description="how many of the images to read, from the first")

    def samples(self, root: Path, task: str) -> Iterator[Sample]:
        """The first `limit` digits."""
        for row, label in enumerate(_digits().target[: self.limit]):
            yield Sample(str(row), {task: str(label)})

    def stamp(self, root: Path, path: str) -> str:
        """Constant: the data ship with the library."""
        return "bundled"

    def read(self, root: Path, path: str) -> bytes:
        """One digit as PGM; its 17 grey levels are spread over 0 to 255.

        Raises:
            SourceError: no such row.
        """
        if not path.isdigit() or int(path) >= len(_digits().images):
            raise SourceError(f"digit {path!r} does not exist; ingest the domain again")
        levels = np.asarray(_digits().images[int(path)])
        return portable_graymap((levels * 255 / 16).round().astype(np.uint8).tobytes(), 8, 8)


@cache
def _digits() -> Any:
    from sklearn.datasets import load_digits  # slow to import, and only this source needs it

    return load_digits()

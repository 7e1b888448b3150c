"""Batch scoring: files in, predictions logged, a report of what was scored and what failed."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from data.errors import ImageError
from data.specs.decoding import image_brightness
from serving.errors import ServingError
from serving.prediction_log import Prediction, append
from serving.score_report import Outcome, ScoreReport, summarise

logger = logging.getLogger(__name__)

BATCH = 64
HALF_RANGE = float(np.finfo(np.float16).max)


class Decoder(Protocol):
    """What scoring needs of a transform spec."""

    @property
    def hash(self) -> str:
        """Names the transform; logged with every prediction."""

    def decode(self, content: bytes) -> npt.NDArray[np.uint8]:
        """Turns the bytes of a file into an image [H, W, C] or raises ImageError."""


class Scorer(Protocol):
    """What scoring needs of a package."""

    @property
    def transform(self) -> Decoder:
        """The transform that the model was trained with."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The K class names in the order of the probabilities."""

    def predict(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Images [N, H, W, C] to probabilities [N, K] and embeddings [N, D]."""


def score_files(
    package: Scorer,
    version: int,
    paths: Sequence[Path],
    *,
    domain: str,
    slices: Mapping[str, Sequence[str]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScoreReport:
    """Predicts `paths` in batches of 64 and appends every batch to the prediction log as soon as it is done.

    Args:
        package: the loaded model package.
        version: its number in the registry.
        paths: the files; one that cannot be read or decoded is logged and reported, and the rest goes on.
        domain: whose log to write to.
        slices: slice column to one value a file, for the counts in the report.
        progress: called with (files done, files in all) after each batch.

    Raises:
        ServingError: no files, or a slice column whose length is not that of `paths`.
        StorageError: the log cannot be written.
    """
    _check(paths, slices or {})
    outcomes: list[Outcome] = []
    for start in range(0, len(paths), BATCH):
        rows = _predict(package, version, paths[start : start + BATCH])
        append(domain, rows)
        outcomes += [Outcome(row.path, row.predicted, row.error) for row in rows]
        if progress is not None:
            progress(len(outcomes), len(paths))
    report = summarise(domain, version, outcomes, package.classes, slices or {})
    logger.info("%s: version %d scored %d files, %d failed", domain, version, len(paths), len(report.failures))
    return report


def _check(paths: Sequence[Path], slices: Mapping[str, Sequence[str]]) -> None:
    if not paths:
        raise ServingError("nothing to score: 0 files given; name at least one image file")
    for column, values in slices.items():
        if len(values) != len(paths):
            raise ServingError(
                f"slice {column!r} has {len(values)} values for {len(paths)} files; give exactly one value a file"
            )


@dataclass(frozen=True)
class _File:
    """What came of reading one file: an image, or the reason why there is none."""

    path: Path
    hash: str | None = None
    image: npt.NDArray[np.uint8] | None = None
    error: str | None = None


def _open(path: Path, transform: Decoder) -> _File:
    try:
        content = path.read_bytes()
    except OSError as error:
        return _File(path, error=f"cannot be read: {error.strerror or error}")
    digest = hashlib.sha256(content).hexdigest()
    try:
        return _File(path, digest, image=transform.decode(content))
    except ImageError as error:
        return _File(path, digest, error=str(error))


def _predict(package: Scorer, version: int, paths: Sequence[Path]) -> list[Prediction]:
    """One row a path, in order; the files that decode go through the model in one batch."""
    now = datetime.now(UTC)
    files = [_open(path, package.transform) for path in paths]
    images = [file.image for file in files if file.image is not None]
    outputs = iter(zip(*package.predict(np.stack(images)), strict=True) if images else ())
    rows = []
    for file in files:
        row = Prediction(now, version, package.transform.hash, file.hash, str(file.path), error=file.error)
        rows.append(row if file.image is None else _scored(row, file.image, *next(outputs), package.classes))
    return rows


def _scored(
    row: Prediction,
    image: npt.NDArray[np.uint8],
    probabilities: npt.NDArray[np.float32],
    embedding: npt.NDArray[np.float32],
    classes: tuple[str, ...],
) -> Prediction:
    """`row` with what the model said; an embedding beyond float16's range is clipped rather than made infinite."""
    return replace(
        row,
        predicted=classes[int(probabilities.argmax())],
        probabilities=probabilities,
        embedding=embedding.clip(-HALF_RANGE, HALF_RANGE).astype(np.float16),
        brightness=image_brightness(image),
    )

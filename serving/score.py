"""Batch scoring: files in, predictions logged, a report of what was scored and what failed."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from data.errors import SampleError
from data.specs.spec import Array
from data.specs.transform import Transform
from serving.engine.answers import Scorer, answers_to
from serving.errors import ServingError
from serving.log.predictions import Prediction, opened_log, told
from serving.score_report import Outcome, ScoreReport, summarise
from serving.score_table import opened_table

logger = logging.getLogger(__name__)

BATCH = 64


@dataclass(frozen=True)
class Destination:
    """Where predictions go: the log of a domain, where they count as its traffic, and a table for people."""

    domain: str
    log: bool = True
    table: Path | None = None


def score_files(
    package: Scorer,
    version: int,
    paths: Sequence[Path],
    *,
    to: Destination,
    slices: Mapping[str, Sequence[str]] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ScoreReport:
    """Predicts `paths` in batches of 64; log and table have them once all are done; what was cut off counts not.

    Args:
        package: the loaded model package.
        version: its number in the registry.
        paths: the files; one that cannot be read or decoded is logged and reported, and the rest goes on.
        to: where predictions go.
        slices: slice column to one value a file, for the counts in the report.
        progress: called with (files done, files in all) after each batch.

    Raises:
        ServingError: no files, or a slice column whose length is not that of `paths`.
        StorageError: the log cannot be written.
    """
    _check(paths, slices or {})
    outcomes: list[Outcome] = []
    domain, facts = to.domain if to.log else None, package.transform.spec.measures
    # the log last: a table that cannot be written leaves no run in it
    with opened_log(domain, facts) as log, opened_table(to.table, package.classes) as write:
        for start in range(0, len(paths), BATCH):
            rows = _predict(package, version, paths[start : start + BATCH])
            log(rows)
            write(rows)
            outcomes += [Outcome(row.path, row.predicted, row.error) for row in rows]
            progress(len(outcomes), len(paths))
    report = summarise(to.domain, version, outcomes, package.classes, slices or {})
    logger.info("%s: version %d scored %d files, %d failed", to.domain, version, len(paths), len(report.failures))
    return replace(report, logged=len(outcomes) if to.log else 0)


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
    """What came of reading one file: its array, or the reason why there is none."""

    path: Path
    hash: str | None = None
    array: Array | None = None
    error: str | None = None


def _open(path: Path, transform: Transform) -> _File:
    try:
        content = path.read_bytes()
    except OSError as error:
        return _File(path, error=f"cannot be read: {error.strerror or error}")
    digest = hashlib.sha256(content).hexdigest()
    try:
        return _File(path, digest, array=transform.decode(content))
    except SampleError as error:
        return _File(path, digest, error=str(error))


def _predict(package: Scorer, version: int, paths: Sequence[Path]) -> list[Prediction]:
    """One row a path, in order; the files that decode go through the model in one batch."""
    now, transform = datetime.now(UTC), package.transform
    files = [_open(path, transform) for path in paths]
    said = iter(answers_to(package, [file.array for file in files if file.array is not None]))
    rows = []
    for file in files:
        row = Prediction(now, version, transform.hash, file.hash, str(file.path), error=file.error)
        rows.append(row if file.array is None else told(row, next(said)))
    return rows

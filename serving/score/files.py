"""Files in, predictions logged and tabled, a report of what was scored and what failed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.engine.answers import Scorer
from serving.errors import ServingError
from serving.log.predictions import append
from serving.log.schema import Prediction
from serving.score.engine import answered
from serving.score.report import ScoreReport, Tally
from serving.score.table import opened_table
from settings.machine import load_settings

logger = logging.getLogger(__name__)

TOGETHER = 1024  # rows of a file of the log
Take = Callable[[Prediction], object]


@dataclass(frozen=True)
class Destination:
    """Where predictions go: the log of a domain, where they count as its traffic, and a table for people.

    `abstain_below` is the domain's: of what is less likely no class is told.
    """

    domain: str
    log: bool = True
    table: Path | None = None
    abstain_below: float = 0.0


def score_files(
    package: Scorer,
    version: int,
    paths: Iterable[str],
    *,
    to: Destination,
    progress: Callable[[int], None] = lambda done: None,
) -> ScoreReport:
    """Predicts files as they come and hands each row on; of any number of files only a few are in memory.

    The log has them as they come, a file that was scored before and is unchanged once; the table is there when all are
    done.

    Args:
        package: the loaded model package.
        version: its number in the registry.
        paths: the files; one that cannot be read or decoded is logged and reported, and the rest goes on.
        to: where predictions go.
        progress: called with the number of files done after each.

    Raises:
        ServingError: no files.
        StorageError: the log or the table cannot be written.
    """
    tally = Tally(package.classes)
    with ExitStack() as stack:
        takers: list[Take] = [tally.add, stack.enter_context(opened_table(to.table, package.classes))]
        takers += [stack.enter_context(opened_log(to.domain, package.transform.spec.watched))] if to.log else []
        rows = answered(package, version, paths, load_settings(), to.abstain_below)
        asyncio.run(_each(rows, [*takers, lambda row: progress(tally.samples)]))
        if not tally.samples:
            raise ServingError("nothing to score: 0 files given; name at least one image file")
    logger.info("%s: version %d scored %d files, %d failed", to.domain, version, tally.samples, tally.failed)
    return tally.report(to.domain, version, logged=to.log)


def stream_files(package: Scorer, version: int, paths: Iterable[str], *, to: Destination, tell: Take) -> ScoreReport:
    """The same with each row told as soon as it is answered, in the order of the paths.

    Raises:
        StorageError: the log cannot be written.
    """
    tally = Tally(package.classes)
    with ExitStack() as stack:
        takers: list[Take] = [tally.add, tell]
        takers += [stack.enter_context(opened_log(to.domain, package.transform.spec.watched))] if to.log else []
        asyncio.run(_each(answered(package, version, paths, load_settings(), to.abstain_below), takers))
    return tally.report(to.domain, version, logged=to.log)


@contextmanager
def opened_log(domain: str, facts: Sequence[str]) -> Iterator[Take]:
    """Yields a function that takes a row; they are written many at a time, and the rest however the block ends.

    Raises:
        StorageError: the disk is full or refuses a write.
    """
    rows: list[Prediction] = []

    def take(row: Prediction) -> None:
        rows.append(row)
        if len(rows) >= TOGETHER:
            append(domain, rows, facts)
            rows.clear()

    try:
        yield take
    finally:
        append(domain, rows, facts)


async def _each(rows: AsyncIterator[Prediction], takers: Sequence[Take]) -> None:
    async for row in rows:
        for take in takers:
            take(row)

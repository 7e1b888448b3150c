"""Predictions on their way to the log: written in batches by a thread, so that no request waits for the disk."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import chain

from data.errors import StorageError
from serving.log.predictions import append
from serving.log.schema import Prediction

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
MOST_ROWS = 50_000  # what is kept while the disk refuses
TOGETHER = 2048  # rows of a file
Waiting = tuple[Prediction, tuple[str, ...]]


class LogWriter:
    """The log of one domain; `lost` counts rows that could not be kept until the disk took them again."""

    def __init__(self, domain: str) -> None:
        self.domain, self.lost, self.fault = domain, 0, ""
        self._rows: list[Waiting] = []

    @property
    def waiting(self) -> int:
        """Rows that are not on the disk yet."""
        return len(self._rows)

    def add(self, row: Prediction, measures: tuple[str, ...]) -> None:
        """Takes a row in; `measures` are the names of what its spec measures of a sample."""
        if len(self._rows) >= MOST_ROWS:
            self.lost += 1
        else:
            self._rows.append((row, measures))

    async def write(self) -> None:
        """Writes once a second until it is cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Writes all rows that wait; where the disk refuses they wait on, and serving goes on."""
        parts, self._rows = _parts(self._rows), []
        try:
            while parts:
                await asyncio.to_thread(append, self.domain, [row for row, _ in parts[0]], parts[0][0][1])
                parts.pop(0)
            self.fault = ""
        except StorageError as error:
            if not self.fault:
                logger.warning("%s: the prediction log is not written: %s", self.domain, error)
            self.fault = str(error)
        finally:  # what was cancelled meanwhile is written again, and counts once
            kept = [*chain.from_iterable(parts), *self._rows]  # what came meanwhile goes first where it is too much
            self._rows, over = kept[:MOST_ROWS], kept[MOST_ROWS:]
            self.lost += len(over)


def _parts(rows: Sequence[Waiting]) -> list[list[Waiting]]:
    """Rows by their measures, some at a time: a full disk tells at the first."""
    kinds = [[one for one in rows if one[1] == measures] for measures in dict.fromkeys(kind for _, kind in rows)]
    return [kind[start : start + TOGETHER] for kind in kinds for start in range(0, len(kind), TOGETHER)]

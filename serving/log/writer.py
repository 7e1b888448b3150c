"""Predictions on their way to the log: written in batches by a thread, so that no request waits for the disk."""

import asyncio
import logging

from data.errors import StorageError
from serving.log.predictions import append
from serving.log.schema import Prediction

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
MOST_ROWS = 50_000  # what is kept while the disk refuses


class LogWriter:
    """The log of one domain; `lost` counts rows that could not be kept until the disk took them again."""

    def __init__(self, domain: str) -> None:
        self.domain, self.lost, self.fault = domain, 0, ""
        self._rows: list[tuple[Prediction, tuple[str, ...]]] = []

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
        rows, self._rows = self._rows, []
        try:
            for measures in dict.fromkeys(found for _, found in rows):
                written = [row for row, found in rows if found == measures]
                await asyncio.to_thread(append, self.domain, written, measures)
                rows = [one for one in rows if one[1] != measures]
            self.fault = ""
        except StorageError as error:
            if not self.fault:
                logger.warning("%s: the prediction log is not written: %s", self.domain, error)
            self.fault = str(error)
            kept = [*rows, *self._rows]  # those that came meanwhile go first where it is too much
            self._rows, over = kept[:MOST_ROWS], kept[MOST_ROWS:]
            self.lost += len(over)

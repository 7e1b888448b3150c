"""The slot of a domain: the champion that answers, until the ledger names another, which takes its place unnoticed."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass

from registry.errors import PackageError
from registry.ledger.events import Event, Events, Outcome
from registry.ledger.history import Entry
from registry.ledger.ledger import Ledger
from registry.package.package import Package
from registry.package.parity import TOLERANCE, served_difference
from registry.store.models import model_version
from serving.engine.batcher import Batcher, Threads
from settings.errors import RegraftError
from settings.machine import Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Served:
    """One version that answers, and the hash of the ledger's row that put it there."""

    version: int
    row: str
    package: Package
    batcher: Batcher


class Slot:
    """What answers for one domain; to be used on a running event loop.

    `current` is None until a champion was verified, and `fault` says what keeps the slot from following the ledger.
    """

    def __init__(self, domain: str, threads: Threads, settings: Settings) -> None:
        self.domain, self._threads, self._settings = domain, threads, settings
        self.current: Served | None = None
        self.fault = ""
        self.swaps, self.refusals = 0, 0
        self.sizes: Counter[int] = Counter()  # of the batches that models saw
        self._refused = ""
        self._drains: set[asyncio.Task[None]] = set()

    async def follow(self) -> None:
        """Looks at the ledger every second, until it is cancelled: its row is the truth, and no event is waited for."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Takes in what the ledger has in production by now; a package that fails any check leaves all as it was."""
        try:
            row = await asyncio.to_thread(_last_row, self._settings.ledger, self.domain)
            if row is None:
                self._swap(None)
            elif row.hash not in (self.current.row if self.current else "", self._refused):
                await self._take(row)
            elif row.hash != self._refused:
                self.fault = ""
        except (
            RegraftError,
            OSError,
        ) as error:  # MLflow, the ledger or the disk: all stays as it was until they are back
            if self.fault != str(error):
                logger.warning("%s: %s", self.domain, error)
            self.fault = str(error)

    async def close(self) -> None:
        """Takes nothing more in and returns once everything is answered."""
        self._swap(None)
        await asyncio.gather(*self._drains)

    async def _take(self, row: Entry) -> None:
        try:
            package = await asyncio.to_thread(_verified, self.domain, row.to_version)
        except PackageError as error:
            self._refused, self.fault = row.hash, f"v{row.to_version} is refused: {error}"
            self.refusals += 1
            logger.warning("%s: %s", self.domain, self.fault)
            await asyncio.to_thread(_tell, self._settings.ledger, self.domain, "failed", self.fault)
            return
        batcher = Batcher(package, self._threads, self._settings.serving, self.sizes)
        self.swaps += 1
        self._swap(Served(row.to_version, row.hash, package, batcher))
        self.fault = self._refused = ""
        logger.info("%s: v%d answers", self.domain, row.to_version)
        await asyncio.to_thread(_tell, self._settings.ledger, self.domain, "done", f"v{row.to_version} answers")

    def _swap(self, new: Served | None) -> None:
        """From now on requests go to the new one; what the old one has taken in it answers still."""
        old, self.current = self.current, new
        if old is not None:
            drain = asyncio.get_running_loop().create_task(old.batcher.drain())
            self._drains.add(drain)
            drain.add_done_callback(self._drains.discard)


def _last_row(ledger: str, domain: str) -> Entry | None:
    entries = Ledger(ledger).present(domain)
    return entries[-1] if entries else None


def _verified(domain: str, version: int) -> Package:
    """The package, checked on its golden samples, which warms it as well.

    Raises:
        PackageError: it was altered, or answers otherwise on this machine than where it was packed.
        RegistryError: MLflow is down.
    """
    package = model_version(domain, version).load()
    if (difference := served_difference(package)) > TOLERANCE:
        raise PackageError(
            f"its answers to the golden samples differ by {difference:.2g}, over {TOLERANCE}; use the versions of "
            "Pillow and onnxruntime that it was packed with"
        )
    return package


def _tell(ledger: str, domain: str, outcome: Outcome, text: str) -> None:
    """Says once how the service stands; a start that finds it so already adds no row."""
    events = Events(ledger)
    newest = [(event.outcome, event.text) for event in events.latest(domain) if event.kind == "serve"]
    if (outcome, text) not in newest:
        events.add(Event(domain, "serve", outcome, text=text, remedy=f"regraft rollback {domain}, or train it again"))

"""The slot of a domain: the champion that answers, and beside it the canary, both as the ledger's database has them."""

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass

from data.errors import StorageError
from registry.errors import PackageError
from registry.gate.config import CanaryConfig
from registry.ledger.canaries import Canary, end_canary, open_canary
from registry.ledger.events import Event, Events, Outcome
from registry.ledger.history import Entry
from registry.ledger.ledger import Ledger
from registry.package.package import Package
from registry.package.parity import TOLERANCE, served_difference
from registry.store.models import ModelVersion, model_version
from registry.store.verdicts import recorded_verdict
from serving.abstaining import Threshold
from serving.canary.routing import is_canarys
from serving.engine.batcher import Batcher, Threads
from serving.kept import forget, keep, kept
from settings.errors import RegraftError
from settings.machine import Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Served:
    """One version that answers, and the hash of the ledger's row that put it there; a canary has no row."""

    version: int
    row: str
    package: Package
    batcher: Batcher


@dataclass
class Rival:
    """A canary that is ready to answer; its share is the least one until it was judged."""

    canary: Canary
    served: Served
    share: float

    def answers(self, caller: str) -> bool:
        """Whether the caller is of the share that it answers by now."""
        return is_canarys(caller, self.share)


class Slot:
    """What answers for one domain; to be used on a running event loop.

    `current` is None until a champion was verified, `rival` is the canary that was verified, if there is one, and
    `fault` says what keeps the slot from following the ledger; `abstentions` counts callers' samples without a class.
    """

    def __init__(self, domain: str, threads: Threads, settings: Settings) -> None:
        self.domain, self._threads, self._settings = domain, threads, settings
        self.current: Served | None = None
        self.rival: Rival | None = None
        self.fault = ""
        self.threshold = Threshold(domain)
        self.swaps, self.refusals, self.abstentions = 0, 0, 0
        self.sizes: Counter[int] = Counter()  # of the batches that models saw
        self._refused, self._loading, self._told_empty = "", "", False
        self._drains: set[asyncio.Task[None]] = set()

    @property
    def missing(self) -> str:
        """Why nothing answers, and what to do about it; empty where a champion does."""
        if self.current is not None:
            return ""
        first = (
            f"nothing is in production yet; run `regraft retrain {self.domain}`, which promotes the first that passes"
        )
        return self.fault or self._loading or first

    async def follow(self) -> None:
        """Looks at the ledger every second, until it is cancelled: its row is the truth, and no event is waited for."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Takes in what there is by now; a package that fails any check leaves all as it was.

        While MLflow, the ledger or the disk fails, all stays as it was.
        """
        before = self.fault
        try:
            await asyncio.to_thread(self.threshold.look)
            row, canary = await asyncio.to_thread(_state, self._settings.ledger, self.domain)
            await self._look_at_champion(row)
            await self._look_at_canary(canary)
        except (RegraftError, OSError) as error:
            if before != str(error):
                logger.warning("%s: %s", self.domain, error)
                await self._start_without()
            self.fault = str(error)

    async def close(self) -> None:
        """Takes nothing more in and returns once everything is answered."""
        self._swap(None)
        self._drop_rival()
        await asyncio.gather(*self._drains)

    async def _start_without(self) -> None:
        """Where nothing answers yet, what was served last does, until MLflow and the ledger are back."""
        if self.current is not None:
            return
        try:
            found = await asyncio.to_thread(kept, self.domain)
        except (RegraftError, OSError) as error:
            logger.warning("%s: what was served last is refused: %s", self.domain, error)
            return
        if found is not None:
            known, package = found
            self._swap(Served(known.version, known.row, package, self._batcher(package)))
            logger.warning("%s: v%d answers, which was served last", self.domain, known.version)

    async def _look_at_champion(self, row: Entry | None) -> None:
        if row is None:
            self._swap(None)
            self.fault = self._loading = ""
            self._tell_empty()
            await asyncio.to_thread(forget, self.domain)
        elif row.hash not in (self.current.row if self.current else "", self._refused):
            await self._take(row)
        elif row.hash != self._refused:
            self.fault = ""

    async def _look_at_canary(self, canary: Canary | None) -> None:
        """Takes in the canary of the ledger's database; one whose package fails any check is withdrawn."""
        if canary == (self.rival.canary if self.rival else None):
            return
        self._drop_rival()
        if canary is None or self.current is None or canary.version == self.current.version:
            return
        try:
            package, plan = await asyncio.to_thread(_rival, canary)
        except PackageError as error:
            logger.warning("%s: canary v%d is refused: %s", self.domain, canary.version, error)
            await asyncio.to_thread(_withdraw, self._settings.ledger, canary, str(error))
            return
        self.rival = Rival(canary, Served(canary.version, "", package, self._batcher(package)), plan.share(0.0))
        logger.info("%s: v%d is the canary", self.domain, canary.version)

    def _tell_empty(self) -> None:
        """Once, as it is asked every second."""
        if not self._told_empty:
            logger.warning("%s: %s", self.domain, self.missing)
        self._told_empty = True

    async def _take(self, row: Entry) -> None:
        self._loading = f"v{row.to_version} is being loaded; ask again in a moment"
        try:
            package = await asyncio.to_thread(_verified, self.domain, row.to_version, row.hash)
        except PackageError as error:
            self._refused, self.fault = row.hash, f"v{row.to_version} is refused: {error}"
            self.refusals += 1
            logger.warning("%s: %s", self.domain, self.fault)
            await self._tell("failed", self.fault)
            return
        self.swaps += 1
        self._swap(Served(row.to_version, row.hash, package, self._batcher(package)))
        self.fault = self._refused = ""
        logger.info("%s: v%d answers", self.domain, row.to_version)
        await self._tell("done", f"v{row.to_version} answers")

    def _batcher(self, package: Package) -> Batcher:
        return Batcher(package, self._threads, self._settings.serving, self.sizes)

    def _swap(self, new: Served | None) -> None:
        """From now on requests go to the new one; what the old one has taken in it answers still."""
        old, self.current = self.current, new
        self._drain(old)

    def _drop_rival(self) -> None:
        old, self.rival = self.rival, None
        self._drain(old.served if old else None)

    def _drain(self, old: Served | None) -> None:
        if old is not None:
            drain = asyncio.get_running_loop().create_task(old.batcher.drain())
            self._drains.add(drain)
            drain.add_done_callback(self._drains.discard)

    async def _tell(self, outcome: Outcome, text: str) -> None:
        await asyncio.to_thread(_told, self._settings.ledger, self.domain, outcome, text)


def _state(ledger: str, domain: str) -> tuple[Entry | None, Canary | None]:
    """The ledger's last row of the domain, and its canary."""
    entries = Ledger(ledger).present(domain)
    return entries[-1] if entries else None, open_canary(Events(ledger), domain)


def _rival(canary: Canary) -> tuple[Package, CanaryConfig]:
    """The package of a canary, checked as a champion's is, and the rule of its decision."""
    plan = recorded_verdict(canary.domain, canary.version).decision.config.canary
    return _verified(canary.domain, canary.version), plan or CanaryConfig()


def _withdraw(ledger: str, canary: Canary, reason: str) -> None:
    end_canary(Events(ledger), canary, "WITHDRAW", f"its package is refused: {reason}")


def _verified(domain: str, version: int, row: str = "") -> Package:
    """The package, checked on its golden samples, which warms it as well; that of a row is noted as served.

    Raises:
        PackageError: it was altered, or answers otherwise on this machine than where it was packed.
        RegistryError: MLflow is down.
    """
    found = model_version(domain, version)
    package = found.load()
    if (difference := served_difference(package)) > TOLERANCE:
        raise PackageError(
            f"its answers to the golden samples differ by {difference:.2g}, over {TOLERANCE}; use the versions of "
            "Pillow and onnxruntime that it was packed with"
        )
    if row:
        _note(found, row)
    return package


def _note(found: ModelVersion, row: str) -> None:
    """Notes what is served from now on; a full disk keeps nobody from it, as it may be a rollback."""
    try:
        keep(found, row)
    except StorageError as error:
        told = "%s: v%d answers, but a start without MLflow will not know it: %s"
        logger.warning(told, found.domain, found.version, error)
        with contextlib.suppress(OSError):
            forget(found.domain)  # rather nothing than the version before


def _told(ledger: str, domain: str, outcome: Outcome, text: str) -> None:
    """Says once how the service stands; a start that finds it so already adds no row."""
    events = Events(ledger)
    newest = [(event.outcome, event.text) for event in events.latest(domain) if event.kind == "serve"]
    if (outcome, text) not in newest:
        events.add(Event(domain, "serve", outcome, text=text, remedy=f"regraft rollback {domain}, or train it again"))

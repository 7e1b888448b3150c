"""The service without its wire: champions of some domains answer samples, and what they say is logged.

It follows the ledger by itself, see `serving.slot`. Every answer names the version that gave it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from serving.asking import Asked
from serving.canary.watch import watch
from serving.engine.batcher import Threads
from serving.errors import NoModelError, NotServedError, ServingError, TooSlowError
from serving.log.inputs import InputWriter
from serving.log.writer import LogWriter
from serving.said import Request, Role, Said
from serving.slot import Served, Slot
from serving.upkeep import tended
from settings.machine import Settings

NOBODY = Asked()
GROW_SECONDS = 5.0
SPARE = 0.25  # of the queue: while more wait, nothing is asked that nobody waits for


class Service:
    """The slots and logs of the domains that are served: the named ones and, where `present` is given, all it names."""

    def __init__(
        self, domains: Sequence[str], settings: Settings, present: Callable[[], Sequence[str]] | None = None
    ) -> None:
        self._all, self._threads, self._present = settings, Threads.of(settings.cores), present
        self.settings = settings.serving
        self.slots: dict[str, Slot] = {}
        self.logs: dict[str, LogWriter] = {}
        self.inputs: dict[str, InputWriter] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._unseen: set[asyncio.Task[None]] = set()
        for name in domains:
            self._add(name)

    @contextlib.asynccontextmanager
    async def running(self, _: object = None) -> AsyncIterator[None]:
        """Follows the ledger and writes the logs meanwhile; at the end everything taken in is answered and logged."""
        for name in self.slots:
            self._follow(name)
        growing = asyncio.create_task(self._grow())
        try:
            yield
        finally:
            for task in (growing, *self._work):
                task.cancel()
            await asyncio.gather(growing, *self._work, return_exceptions=True)
            await asyncio.gather(*(slot.close() for slot in self.slots.values()))
            await asyncio.gather(*self._unseen)
            await asyncio.gather(*(log.flush() for log in self.logs.values()))
            await asyncio.gather(*(inputs.flush() for inputs in self.inputs.values()))

    def _add(self, name: str) -> None:
        self.slots[name] = Slot(name, self._threads, self._all)
        self.logs[name], self.inputs[name] = LogWriter(name), InputWriter(name)

    def _follow(self, name: str) -> None:
        slot, log, inputs = self.slots[name], self.logs[name], self.inputs[name]
        work = (slot.follow(), watch(slot), log.write(), inputs.write(), tended(name))
        self._work |= {asyncio.create_task(one) for one in work}

    async def _grow(self) -> None:
        """Takes in domains that are new in the project."""
        while self._present is not None:
            await asyncio.sleep(GROW_SECONDS)
            for name in set(await asyncio.to_thread(self._present)) - set(self.slots):
                self._add(name)
                self._follow(name)

    def slot(self, domain: str) -> Slot:
        """The slot of a domain.

        Raises:
            NotServedError: it is not served here.
        """
        if domain not in self.slots:
            raise NotServedError(f"{domain!r} is not served here (there: {', '.join(self.slots)})")
        return self.slots[domain]

    def served(self, domain: str) -> Served:
        """The champion that answers for a domain by now.

        Raises:
            NotServedError: it is not served here.
            NoModelError: nothing answers for it.
        """
        slot = self.slot(domain)
        if slot.current is None:
            raise NoModelError(f"{domain!r} has no model: {slot.missing}")
        return slot.current

    def answering(self, domain: str, version: str) -> Served:
        """The version of that number, champion or canary.

        Raises:
            NotServedError: it does not answer for the domain.
        """
        found = next((one for one in self._served(domain) if str(one.version) == version), None)
        if found is None:
            raise NotServedError(f"version {version} does not answer for {domain!r} by now; ask the one that does")
        return found

    async def predict(
        self, domain: str, contents: Sequence[bytes], asked: Asked = NOBODY, *, by_champion: bool = False
    ) -> list[Said]:
        """What the domain's model says of each sample, in their order; one that is no sample is told as its own error.

        Where a canary runs it answers its share of the callers, but of those who want the champion; the other of the
        two is asked as well, unseen.

        Raises:
            NotServedError: the domain is not served here.
            NoModelError: nothing answers for it.
            QueueFullError: too many samples wait.
            TooSlowError: it took longer than a request may.
        """
        champion, rival = self.served(domain), self.slot(domain).rival
        request = Request(domain, contents, asked, {} if rival else None)
        if rival is None:
            return await self._ask(request, champion, "champion")
        chosen = not by_champion and rival.answers(asked.caller or request.id)
        if chosen and rival.served.batcher.takes(len(contents)):
            self._ask_unseen(request, champion)
            return await self._ask_canary(request, rival.served)
        self._ask_unseen(request, rival.served)
        return await self._ask(request, champion, "champion")

    async def _ask_canary(self, request: Request, canary: Served) -> list[Said]:
        """The canary's answers; the champion's where it has a fault, or has none within half the time."""
        with contextlib.suppress(TooSlowError):
            said = await self._ask(request, canary, "canary", 0.5)
            if not any(one.faulty for one in said):
                return said
        again = Request(request.domain, request.contents, request.asked, request.decodes)
        return await self._ask(again, self.served(request.domain), "champion", 0.5)

    async def _ask(self, request: Request, served: Served, role: Role, patience: float = 1.0) -> list[Said]:
        """What a version says of a request, for the log as well; `patience` is a share of the longest time."""
        loop, seconds = asyncio.get_running_loop(), patience * self.settings.timeout
        begun, futures = loop.time(), served.batcher.submit(request.contents, request.decodes)
        try:
            async with asyncio.timeout(seconds):
                found = await asyncio.gather(*futures, return_exceptions=True)
        except TimeoutError as error:
            raise TooSlowError(f"no answer within {seconds:g} s; try again later") from error
        slot = self.slots[request.domain]
        said = request.said(served, found, slot.threshold.below)
        slot.abstentions += sum(one.abstained for one in said) if role != "shadow" else 0
        for content, row in zip(request.contents, request.rows(said, role, loop.time() - begun), strict=True):
            self.logs[request.domain].add(row, served.package.transform.spec.watched)
            self.inputs[request.domain].add(str(row.hash), content)
        return said

    def _ask_unseen(self, request: Request, served: Served) -> None:
        """Asks a version for the log alone, after those for whom somebody waits."""
        task = asyncio.create_task(self._unseen_by(request, served))
        self._unseen.add(task)
        task.add_done_callback(self._unseen.discard)

    async def _unseen_by(self, request: Request, served: Served) -> None:
        waiting = sum(one.batcher.pending for one in self._served(request.domain))
        if waiting <= SPARE * self.settings.queue:
            with contextlib.suppress(ServingError):  # it is full, too slow, or gone: nobody misses it
                await self._ask(request, served, "shadow")

    def _served(self, domain: str) -> list[Served]:
        slot = self.slots[domain]
        return [one for one in (slot.current, slot.rival.served if slot.rival else None) if one]
